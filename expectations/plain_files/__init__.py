"""Plain files outside the platform: their texts, what column names suggest, names as advice."""
