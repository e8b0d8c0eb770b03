"""Accounts: second factors, sessions that rotate, secrets that somebody holds for a while, mail with a state.

Revision: core_0003, after core_0002.
"""

import sqlalchemy as sa
from alembic import op
from app.adapters.migrations import run_script, run_sql
from sqlalchemy.dialects import postgresql

revision = 'core_0003'
down_revision = 'core_0002'
branch_labels = None
depends_on = None

TIMESTAMP = postgresql.TIMESTAMP(timezone=True)
JSONB = postgresql.JSONB(astext_type=sa.Text())
MAIL_STATUS = postgresql.ENUM('pending', 'sending', 'sent', 'failed', name='mail_status', schema='relais')
PURPOSES = ('change_email', 'oauth_state', 'sign_in_code', 'second_factor')


def upgrade() -> None:
    _users_and_sessions()
    _second_factors()
    _secrets()
    _mail()
    run_sql("auth/sql/caller.sql", "2d44da06cbad9fb4")
    run_sql("auth/sql/access.sql", "f3aa3b3413480666")
    run_sql("auth/sql/sessions.sql", "b5c7e619262b10f6")


def _add(table: str, name: str, kind: sa.types.TypeEngine[object], default: str | None) -> None:
    standard = None if default is None else sa.text(default)
    column = sa.Column(name, kind, server_default=standard, nullable=default is None)
    op.add_column(table, column, schema='relais')


def _users_and_sessions() -> None:
    _add('users', 'password_changed_at', TIMESTAMP, None)
    _add('users', 'user_metadata', JSONB, "'{}'::jsonb")
    _add('users', 'app_metadata', JSONB, "'{}'::jsonb")
    _add('users', 'locale', sa.Text(), "'fr'")
    _add('sessions', 'rotated_at', TIMESTAMP, 'now()')
    _add('sessions', 'reuses', sa.Integer(), '0')
    _add('sessions', 'method', sa.Text(), "'password'")
    _add('sessions', 'assurance', sa.SmallInteger(), '1')


def _second_factors() -> None:
    op.create_table('second_factors',
    sa.Column('id', sa.Uuid(), server_default=sa.text('relais.new_id()'), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), server_default=sa.text("''"), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('last_step', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('failures', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('failed_at', TIMESTAMP, nullable=True),
    sa.Column('confirmed_at', TIMESTAMP, nullable=True),
    sa.Column('created_at', TIMESTAMP, server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['relais.users.id'], name='second_factors_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name='second_factors_pkey'),
    schema='relais'
    )
    op.create_index('second_factors_user_id_idx', 'second_factors', ['user_id'], unique=False, schema='relais')
    op.create_table('recovery_codes',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('used_at', TIMESTAMP, nullable=True),
    sa.Column('created_at', TIMESTAMP, server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['relais.users.id'], name='recovery_codes_user_id_fkey', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'code_hash', name='recovery_codes_pkey'),
    schema='relais'
    )


def _secrets() -> None:
    for purpose in PURPOSES:
        op.execute(f"alter type relais.token_purpose add value if not exists '{purpose}'")
    op.alter_column('one_time_tokens', 'email', nullable=True, schema='relais')
    _add('one_time_tokens', 'details', JSONB, "'{}'::jsonb")
    _add('one_time_tokens', 'failures', sa.Integer(), '0')


def _mail() -> None:
    MAIL_STATUS.create(op.get_bind())
    _add('email_outbox', 'locale', sa.Text(), "'fr'")
    _add('email_outbox', 'sealed', sa.LargeBinary(), None)
    status = postgresql.ENUM(name='mail_status', schema='relais', create_type=False)
    _add('email_outbox', 'status', status, "'pending'::relais.mail_status")
    run_script(
        """
        update relais.email_outbox set status =
          case when sent_at is not null then 'sent' when failed_at is not null then 'failed' else 'pending' end
          ::relais.mail_status;
        drop index relais.email_outbox_due_idx;
        create index email_outbox_due_idx on relais.email_outbox (next_attempt_at)
          where status in ('pending', 'sending');
        """
    )


def downgrade() -> None:
    run_script(
        """
        drop trigger announce_end on relais.sessions;
        drop trigger announce_removal on relais.sessions;
        drop trigger announce_end on relais.api_tokens;
        drop trigger announce_removal on relais.api_tokens;
        drop trigger end_what_is_disabled on relais.users;
        drop function relais.rotate_session(uuid, integer, integer, interval, interval);
        drop function relais.announce_end();
        drop function relais.end_what_is_disabled();
        """
    )
    run_sql("auth/sql/caller.sql", "3e7c0db66696c574")
    run_script(
        """
        drop function relais.has_scope(text);
        delete from relais.one_time_tokens
        where email is null or purpose::text in ('change_email', 'oauth_state', 'sign_in_code', 'second_factor');
        alter type relais.token_purpose rename to token_purpose_of_core_0003;
        create type relais.token_purpose as enum
          ('verify_email', 'reset_password', 'claim_account', 'accept_invitation');
        alter table relais.one_time_tokens
          drop column failures,
          drop column details,
          alter column email set not null,
          alter column purpose type relais.token_purpose using purpose::text::relais.token_purpose;
        drop type relais.token_purpose_of_core_0003;
        drop index relais.email_outbox_due_idx;
        alter table relais.email_outbox drop column status, drop column sealed, drop column locale;
        drop type relais.mail_status;
        create index email_outbox_due_idx on relais.email_outbox (next_attempt_at)
          where sent_at is null and failed_at is null;
        drop table relais.recovery_codes;
        drop table relais.second_factors;
        alter table relais.sessions
          drop column rotated_at, drop column reuses, drop column method, drop column assurance;
        alter table relais.users
          drop column password_changed_at, drop column user_metadata, drop column app_metadata, drop column locale;
        """
    )
