"""AppConfig's rules for flags with variants: read, checked and evaluated; pure."""
