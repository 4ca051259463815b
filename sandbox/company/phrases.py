"""What people write into the text fields of a CRM."""

ACCOUNT_NOTES = (
    "Buys through the distributor; direct contact only for calibration.",
    "Framework contract, prices fixed until the end of the year.",
    "Met at the trade show. Interested in monitoring for two plants.",
    "Procurement decides in March and September.",
    "Rahmenvertrag vorhanden, Ansprechpartner ist der Einkauf.",
    "Demande de devis annuelle, paiement à 60 jours.",
    "Wants invoices by e-mail only, one per site.",
)
CONTACT_NOTES = (
    "Prefers a call before noon.",
    "Was with a competitor before; knows the market.",
    "Bitte nur auf Deutsch anschreiben.",
    "Ne travaille pas le mercredi.",
    "Decides on budget together with the plant manager.",
)
JOBS = (
    "Plant Manager", "Head of Procurement", "Maintenance Engineer", "Buyer", "CEO", "CFO", "Quality Manager", "Process Engineer",
    "Operations Director", "IT Manager", "Einkäufer", "Leiter Instandhaltung", "Responsable achats", "Jefe de planta",
)  # fmt: skip
DEPARTMENTS = ("Procurement", "Production", "Maintenance", "Quality", "Finance", "IT")
CASE_SUBJECTS = (
    "Sensor shows no value after power cut", "Wrong quantity delivered", "Invoice does not match the order", "Calibration certificate missing",
    "Controller restarts every hour", "How do we export the measurements?", "Anzeige flackert", "Capteur en panne", "License key refused",
    "Dashboard is slow since the update", "Request for a replacement part", "Gauge leaks at the fitting",
)  # fmt: skip
CASE_TEXTS = (
    "It worked until last week. We changed nothing on our side.",
    "Please see the serial numbers below and tell us how to proceed.",
    "This is the third time this year. We expect a call back today.",
    "Seit dem Update startet das Gerät neu.",
    "Merci de nous rappeler dès que possible.",
)
COMMENTS = (
    "Called the customer, will send a log file.", "Replacement ordered.", "Escalated to engineering.", "Customer confirmed that it works.",
    "Waiting for the serial number.", "Sent the certificate again by e-mail.", "Kunde meldet sich nach dem Urlaub.",
)  # fmt: skip
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
