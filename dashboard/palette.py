"""The colours of the dashboard and the report.

They are Okabe and Ito's (https://jfly.uni-koeln.de/color/), which the colour-blind can tell apart; each is seen on white
and on black.
"""

BLUE, GREEN, ORANGE, SKY, YELLOW, PURPLE, VERMILION, GREY = (
    "#0072B2",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#F0E442",
    "#CC79A7",
    "#D55E00",
    "#8C8C8C",
)

# What became of a record: the column of recon_object, its name for people, its colour; good ones first.
OUTCOMES = (
    ("verified", "verified", BLUE),
    ("merged", "merged", GREEN),
    ("quarantined", "quarantined", ORANGE),
    ("unchecked", "not in the sample", GREY),
    ("mismatched", "differs", SKY),
    ("unexpected", "unexpected", YELLOW),
    ("rejected", "refused or failed", PURPLE),
    ("unexplained_loss", "unexplained", VERMILION),
)
