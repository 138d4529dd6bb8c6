-- What an oracle of Mojaloop keeps of a person: which FSP has the account, not which account it is. The number is far from
-- those that deployed mappers gave their own strategies.
INSERT INTO strategy (id, description, strategy_type, construct_strategy, deconstruct_strategy) VALUES
    (900, 'an account that only its FSP knows, named by an oracle', 'FA',
     'fsp:{fsp_id}.currency:{currency}.fa_type:{fa_type}',
     '^fsp:(?P<fsp_id>.*)\.currency:(?P<currency>.*)\.fa_type:(?P<fa_type>.*)$')
ON CONFLICT DO NOTHING;
