-- A small market as it was before counters had dimensions and stations had duties.
INSERT INTO regions (code, name, level, former) VALUES ('320000', '江苏省', 'province', '[]'), ('320281',
    '江阴市', 'county', '[]'), ('310104', '徐汇区', 'county', '[]');
INSERT INTO organisations (id, kind, name, region_code, tags, status, version, created_at) VALUES (1,
    'station', '站', '320281', '[]', 'verified', 1, '2023-05-01 00:00:00');
INSERT INTO users (id, login, name, password_hash, role, organisation_id, active, created_at) VALUES (1,
    'r', '员', 'x', 'registrar', 1, true, '2023-05-01 00:00:00');
INSERT INTO contract_parties (id, name, nature_code, country_code, region_code) VALUES (1, '卖', '150',
    '156', '320281'), (2, '买', '150', '156', '320281'), (3, '外', '930', '276', NULL);
INSERT INTO contracts (id, status, station_id, project_name, type_code, seller_id, buyer_id, signed_on,
    tech_field, ip_kind, plan_source, total_amount_fen, tech_amount_fen, amount_is_estimate, payment_mode,
    related_party, abroad, registered_on, created_at, version) VALUES (1, 'registered', 1, '项目', 'KF', 1, 2,
    '2024-01-01', '07', '10', '90', 300, 200, false, 'lump_sum', false, false, '2024-03-05', '2024-03-05
    00:00:00', 1);
INSERT INTO contracts (id, status, station_id, project_name, type_code, seller_id, buyer_id, signed_on,
    tech_field, ip_kind, plan_source, total_amount_fen, tech_amount_fen, amount_is_estimate, payment_mode,
    related_party, abroad, registered_on, created_at, version) VALUES (2, 'registered', 1, '项目', 'KF', 1, 3,
    '2024-01-01', '07', '10', '90', 300, 200, false, 'lump_sum', false, false, '2024-03-05', '2024-03-05
    00:00:00', 1);
INSERT INTO turnover_entries (id, contract_id, contract_version, line, reverses_id, count, total_fen,
    tech_fen, effective_on, recorded_at, station_id, station_region, seller_region, buyer_region,
    seller_nature, buyer_nature, type_code, tech_field, ip_kind, plan_source) VALUES (1, 1, 1,
    'registration', NULL, 1, 100, 100, '2024-03-05', '2024-03-05 00:00:00', 1, '320281', '320281', '320281',
    '150', '150', 'KF', '07', '10', '90');
INSERT INTO turnover_entries (id, contract_id, contract_version, line, reverses_id, count, total_fen,
    tech_fen, effective_on, recorded_at, station_id, station_region, seller_region, buyer_region,
    seller_nature, buyer_nature, type_code, tech_field, ip_kind, plan_source) VALUES (2, 1, 1, 'reversal',
    1, -1, -100, -100, '2024-03-05', '2024-03-05 00:00:00', 1, '320281', '320281', '320281', '150', '150',
    'KF', '07', '10', '90');
INSERT INTO turnover_entries (id, contract_id, contract_version, line, reverses_id, count, total_fen,
    tech_fen, effective_on, recorded_at, station_id, station_region, seller_region, buyer_region,
    seller_nature, buyer_nature, type_code, tech_field, ip_kind, plan_source) VALUES (3, 1, 1, 'change',
    NULL, 1, 300, 200, '2024-03-05', '2024-03-05 00:00:00', 1, '320281', '320281', '320281', '150', '150',
    'KF', '07', '10', '90');
INSERT INTO turnover_entries (id, contract_id, contract_version, line, reverses_id, count, total_fen,
    tech_fen, effective_on, recorded_at, station_id, station_region, seller_region, buyer_region,
    seller_nature, buyer_nature, type_code, tech_field, ip_kind, plan_source) VALUES (4, 2, 1,
    'registration', NULL, 1, 300, 200, '2024-03-05', '2024-03-05 00:00:00', 1, '320281', '320281', NULL,
    '150', '930', 'KF', '07', '10', '90');
