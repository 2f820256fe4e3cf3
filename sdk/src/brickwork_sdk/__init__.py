"""The floor that every Brickwork service stands on."""
