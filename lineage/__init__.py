"""What was promoted, when, by whom and from what; and how DataHub hears of it."""
