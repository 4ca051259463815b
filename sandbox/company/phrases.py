"""What people write into the text fields of a CRM."""

ACCOUNT_NOTES = {
    "English": (
        "Buys through the distributor; direct contact only for calibration.",
        "Framework contract, prices fixed until the end of the year.",
        "Met at the trade show. Interested in monitoring for two plants.",
        "Procurement decides in March and September.",
        "Wants invoices by e-mail only, one per site.",
    ),
    "German": (
        "Rahmenvertrag vorhanden, Ansprechpartner ist der Einkauf.",
        "Zahlt spät, liefert trotzdem Empfehlungen.",
    ),
    "French": ("Demande de devis annuelle, paiement à 60 jours.",),
    "Spanish": ("Compra una vez al año, a través de la central.",),
    "Japanese": ("見積書は毎年四月に送付。",),
}
CONTACT_NOTES = {
    "English": (
        "Prefers a call before noon.",
        "Was with a competitor before; knows the market.",
        "Decides on budget together with the plant manager.",
    ),
    "German": ("Bitte nur auf Deutsch anschreiben.",),
    "French": ("Ne travaille pas le mercredi.",),
    "Spanish": ("De vacaciones en agosto, llamar después.",),
}
JOBS = {
    "English": (
        "Plant Manager", "Head of Procurement", "Maintenance Engineer", "Buyer", "CEO", "CFO", "Quality Manager", "Process Engineer",
        "Operations Director", "IT Manager",
    ),
    "German": ("Einkäufer", "Leiter Instandhaltung", "Geschäftsführerin"),
    "French": ("Responsable achats", "Chef d'atelier"),
    "Spanish": ("Jefe de planta", "Compras"),
    "Japanese": ("部長",),
}  # fmt: skip
DEPARTMENTS = ("Procurement", "Production", "Maintenance", "Quality", "Finance", "IT")
CASE_SUBJECTS = {
    "English": (
        "Sensor shows no value after power cut", "Wrong quantity delivered", "Invoice does not match the order",
        "Calibration certificate missing", "Controller restarts every hour", "How do we export the measurements?",
        "License key refused", "Dashboard is slow since the update", "Request for a replacement part", "Gauge leaks at the fitting",
    ),
    "German": ("Anzeige flackert", "Falsche Lieferadresse"),
    "French": ("Capteur en panne", "Facture erronée"),
    "Spanish": ("El sensor no responde",),
    "Japanese": ("センサーが動作しません",),
}  # fmt: skip
CASE_TEXTS = {
    "English": (
        "It worked until last week. We changed nothing on our side.",
        "Please see the serial numbers below and tell us how to proceed.",
        "This is the third time this year. We expect a call back today.",
    ),
    "German": ("Seit dem Update startet das Gerät neu.",),
    "French": ("Merci de nous rappeler dès que possible.",),
    "Spanish": ("Esperamos su llamada, gracias.",),
}
COMMENTS = (
    "Called the customer, will send a log file.", "Replacement ordered.", "Escalated to engineering.", "Customer confirmed that it works.",
    "Waiting for the serial number.", "Sent the certificate again by e-mail.",
)  # fmt: skip
TASK_NOTES = (
    "Left a message.",
    "Asked to call back next week.",
    "Sent the price list, discount to be agreed.",
    "No answer.",
)
TASK_SUBJECTS = (
    "Call",
    "Send quote",
    "Follow up on the quote",
    "Send information",
    "Prepare renewal",
    "Email: Your request",
    "Check delivery",
)
EVENT_SUBJECTS = ("Meeting", "Demo", "Site visit", "Contract review", "Kick-off", "Training")
LOCATIONS = ("Customer's site", "Video call", "Our office", "Trade show stand")
NEXT_STEPS = ("Send quote", "Technical review", "Meet procurement", "Get budget approval", "Legal review")
EMOJI = ("🎉", "👍", "🚀", "😀", "🇩🇪", "👩🏽‍🔬", "⚠️")
FILLER = "Copied from the old system: the customer was called, nobody answered, a message was left on the machine. "


def phrases(texts: dict[str, tuple[str, ...]], language: str) -> tuple[str, ...]:
    """Return what is said in English and, if it is another one, in the language."""
    return texts["English"] if language == "English" else texts["English"] + texts.get(language, ())


REPLIES = (
    "Thank you for your message. We have ordered the part and will call you as soon as it arrives.",
    "Could you send us the serial number, please? It is on the label beside the inlet.",
    "A firmware update solves this; the instructions are attached to the case.",
)
NOTE_TITLES = ("Visit", "Call with purchasing", "Budget", "Contract", "Competitor", "Next year")
NOTES = (
    "They plan a second line for next spring and want an offer by autumn.",
    "Purchasing wants two offers; we should name the total cost of five years.",
    "The plant manager retires in summer. His deputy knows our sensors well.",
    "Asked for a loan unit while theirs is being calibrated: agreed, two weeks.",
)
