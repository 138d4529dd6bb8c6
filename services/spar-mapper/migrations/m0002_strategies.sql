-- How the parts of ids and addresses become one text. Names and contents are those of deployed mappers.
CREATE TABLE strategy (
    tenant_id            text        NOT NULL DEFAULT 'default',
    id                   bigint      NOT NULL,
    description          text,
    strategy_type        text        NOT NULL CHECK (strategy_type IN ('ID', 'FA')),
    construct_strategy   text        NOT NULL,
    deconstruct_strategy text        NOT NULL,
    active               boolean     NOT NULL DEFAULT true,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz,
    PRIMARY KEY (tenant_id, id)
);

INSERT INTO strategy (id, description, strategy_type, construct_strategy, deconstruct_strategy) VALUES
    (1, 'token of the national id', 'ID',
     'token:{sub}@nationalId',
     '^token:(?P<sub>.[^.]*)@nationalId$'),
    (2, 'bank account', 'FA',
     'account_number:{account_number}.branch_name:{branch_name}.branch_code:{branch_code}.bank_name:{bank_name}.bank_code:{bank_code}.fa_type:{fa_type}',
     '^account_number:(?P<account_number>.*)\.branch_name:(?P<branch_name>.*)\.branch_code:(?P<branch_code>.*)\.bank_name:(?P<bank_name>.*)\.bank_code:(?P<bank_code>.*)\.fa_type:(?P<fa_type>.*)$'),
    (3, 'email wallet', 'FA',
     'email_address:{email_address}.wallet_provider_name:{wallet_provider_name}.wallet_provider_code:{wallet_provider_code}.fa_type:{fa_type}',
     '^email_address:(?P<email_address>.*)\.wallet_provider_name:(?P<wallet_provider_name>.*)\.wallet_provider_code:(?P<wallet_provider_code>.*)\.fa_type:(?P<fa_type>.*)$'),
    (4, 'mobile wallet', 'FA',
     'mobile_number:{mobile_number}.wallet_provider_name:{wallet_provider_name}.wallet_provider_code:{wallet_provider_code}.fa_type:{fa_type}',
     '^mobile_number:(?P<mobile_number>.*)\.wallet_provider_name:(?P<wallet_provider_name>.*)\.wallet_provider_code:(?P<wallet_provider_code>.*)\.fa_type:(?P<fa_type>.*)$'),
    (5, 'account, as version 0.1 wrote it', 'FA',
     'account:{account_number}@{branch_code}.{bank_code}.{fa_type}',
     '^account:(?P<account_number>.[^.]*)@(?P<branch_code>.[^.]*)\.(?P<bank_code>.[^.]*)\.(?P<fa_type>.*)$'),
    (6, 'email wallet, as version 0.1 wrote it', 'FA',
     'email:{email_address}.{fa_type}',
     '^email:(?P<email_address>.*)\.(?P<fa_type>[^.]*)$');
