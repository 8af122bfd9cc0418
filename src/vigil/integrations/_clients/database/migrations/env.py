"""Run by Alembic; ``migrate`` hands in the connection with its transaction already begun."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
