"""What an audit finds: findings with stable ids, and how they are written down."""
