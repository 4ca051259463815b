"""The Snowflake connection from the dbt profile, and the embedded warehouse."""
