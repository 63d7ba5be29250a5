"""How an Outcome is told: text.py for a terminal; its JSON form is the Outcome's own."""
