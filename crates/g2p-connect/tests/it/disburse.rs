use g2p_connect::disburse::core::{DisburseItem, DisburseRequest};
use g2p_connect::disburse::v1::*;
use g2p_connect::disburse::v2::*;
use g2p_connect::disburse::{DisbursementFrequency, DisbursementStatus, EnvelopeStatus, FundsAvailable};
use g2p_connect::envelope::{Request, Response};
use g2p_connect::reason::DisburseReason;
use serde_json::Value;

use crate::{parse, stays_the_same, written};

const HEADER: &str = r#""header":{"version":"1.0.0","message_id":"m-1","message_ts":"2026-11-21T10:00:00Z","action":"create","sender_id":"pbms","sender_uri":"","receiver_id":"","total_count":1,"is_msg_encrypted":false,"meta":"string"}"#;

#[test]
fn an_envelope_of_the_1_0_dialect_is_read_and_written() {
    let json = format!(
        r#"{{"signature":"string",{HEADER},"message":{{"benefit_program_mnemonic":"FOOD_1","disbursement_frequency":"OnDemand",
        "cycle_code_mnemonic":"AUG","number_of_beneficiaries":5,"number_of_disbursements":5,"total_disbursement_amount":5000,
        "disbursement_currency_code":"KES","disbursement_schedule_date":"2026-11-22"}}}}"#
    );
    stays_the_same::<EnvelopeRequestV1>(&json);
    let request: EnvelopeRequestV1 = parse(&json);
    let frequency =
        request.message.disbursement_frequency.as_deref().and_then(DisbursementFrequency::from_text);
    assert_eq!(frequency, Some(DisbursementFrequency::OnDemand));
    let text = serde_json::to_string(&request.message).unwrap();
    assert!(text.contains(r#""total_disbursement_amount":5000,"#), "{text}");
    assert!(text.contains(r#""disbursement_envelope_id":null"#), "the reference writes nulls: {text}");
}

#[test]
fn a_rejection_with_an_empty_message_is_read() {
    let response: EnvelopeResponseV1 = parse(
        r#"{"signature":null,"header":{"message_id":"m-1","message_ts":"2026-11-21T10:00:00.123456","action":"create",
        "status":"rjct","status_reason_message":"INVALID_PROGRAM_MNEMONIC","meta":{}},"message":{}}"#,
    );
    assert_eq!(response.message, EnvelopePayloadV1::default());
}

#[test]
fn amounts_keep_every_digit() {
    for amount in ["1000", "1000.10", "0.01", "1234567890123456789012.123456", "-5", "0"] {
        let json = format!(r#"{{"disbursement_amount":{amount}}}"#);
        let row: DisbursementPayloadV1 = parse(&json);
        assert_eq!(row.disbursement_amount.as_ref().unwrap().as_str(), amount);
        assert!(
            serde_json::to_string(&row).unwrap().contains(&format!(r#""disbursement_amount":{amount},"#))
        );
        let quoted: DisbursementPayloadV1 = parse(&format!(r#"{{"disbursement_amount":"{amount}"}}"#));
        assert_eq!(quoted, row, "text that holds a number is a number");
    }
    for bad in ["\"NaN\"", "\"1,000\"", "\" 5\"", "\"\"", "true", "[1]", "{}", "\"+5\"", "\"1.\""] {
        assert!(
            serde_json::from_str::<DisbursementPayloadV1>(&format!(r#"{{"disbursement_amount":{bad}}}"#))
                .is_err(),
            "{bad}"
        );
    }
    let rows: Vec<DisbursementPayloadV1> = parse(r#"[{"disbursement_amount":null},{}]"#);
    assert!(
        rows.iter().all(|row| row.disbursement_amount.is_none()),
        "missing is the row's error, not the message's"
    );
}

#[test]
fn disbursements_of_the_1_0_dialect_stay_the_same() {
    stays_the_same::<DisbursementRequestV1>(&format!(
        r#"{{{HEADER},"message":[{{"disbursement_envelope_id":"1795","mis_reference_number":"MIS-1","beneficiary_id":"token:a@nationalId",
        "beneficiary_name":"Beneficiary 01","disbursement_amount":1000,"narrative":"Food Aug","response_error_codes":[]}}]}}"#
    ));
    stays_the_same::<Response<Vec<DisbursementPayloadV1>>>(
        r#"{"header":{"version":"1.0.0","message_id":"m","message_ts":"x","action":"create","status":"rjct",
        "status_reason_message":"INVALID_DISBURSEMENT_PAYLOAD","is_msg_encrypted":false},"message":[{"disbursement_id":"17958",
        "cancellation_status":"Not_Cancelled","response_error_codes":["INVALID_DISBURSEMENT_AMOUNT","INVALID_BENEFICIARY_ID"]}]}"#,
    );
    let row: DisbursementPayloadV1 = parse(r#"{"disbursement_id":"1","response_error_codes":null}"#);
    assert!(row.response_error_codes.is_empty());
}

#[test]
fn statuses_and_reconciliation_stay_the_same() {
    let id: Request<String> = parse(&format!(r#"{{{HEADER},"message":"1795"}}"#));
    let ids: Request<Vec<String>> = parse(&format!(r#"{{{HEADER},"message":["17958","x"]}}"#));
    assert_eq!((id.message.as_str(), ids.message.len()), ("1795", 2));
    let json = r#"{"disbursement_envelope_id":"1795","number_of_disbursements_received":2,"total_disbursement_amount_received":2000,
        "funds_available_with_bank":"FUNDS_AVAILABLE","funds_available_latest_timestamp":"2026-11-21T11:00:00",
        "funds_available_latest_error_code":null,"funds_available_attempts":1,"funds_blocked_with_bank":"FUNDS_BLOCK_SUCCESS",
        "funds_blocked_latest_timestamp":"2026-11-21T12:00:00","funds_blocked_latest_error_code":null,"funds_blocked_attempts":1,
        "funds_blocked_reference_number":"7d0c","id_mapper_resolution_required":true,"number_of_disbursements_shipped":2,
        "number_of_disbursements_reconciled":0,"number_of_disbursements_reversed":0}"#;
    stays_the_same::<EnvelopeStatus>(json);
    assert_eq!(parse::<EnvelopeStatus>(json).funds_available_with_bank, FundsAvailable::FundsAvailable);
    stays_the_same::<Vec<DisbursementStatus>>(
        r#"[{"disbursement_id":"17958","disbursement_recon_records":{"disbursement_recon_payloads":[{"bank_disbursement_batch_id":"e6e0",
        "disbursement_id":"17958","disbursement_envelope_id":"1795","beneficiary_name_from_bank":"BENE_1","remittance_reference_number":"54c3",
        "remittance_statement_id":"uuid","remittance_statement_number":"1","remittance_statement_sequence":"1","remittance_entry_sequence":"1",
        "remittance_entry_date":"2026-11-21T00:00:00","remittance_value_date":"2026-11-21T00:00:00","reversal_found":false,
        "reversal_statement_id":null,"reversal_reason":null}],"disbursement_error_recon_payloads":[{"statement_id":"uuid",
        "statement_number":"1","entry_sequence":"3","error_reason":"DUPLICATE_DISBURSEMENT","disbursement_id":"17958"}]}}]"#,
    );
    let upload: StatementUploadResponse = parse(
        r#"{"signature":null,"header":{"message_id":"","message_ts":"x","action":"","status":"succ"},"message":"s-1","statement_id":null,"response_error_code":null}"#,
    );
    assert_eq!(written(&upload)["statement_id"], Value::Null);
}

#[test]
fn the_newer_dialect_stays_the_same() {
    let header = r#""request_header":{"sender_app_mnemonic":"PBMS","sender_app_url":"","request_id":"string","request_timestamp":"2026-01-01T10:00:00Z","instance_id":"string"}"#;
    stays_the_same::<EnvelopesRequest>(&format!(
        r#"{{{header},"request_body":{{"request_payload":[{{"id":"e-1","benefit_program_id":7,"benefit_program_mnemonic":"FOOD_1",
        "benefit_program_description":"d","target_registry":"group","benefit_code_id":3,"benefit_code_mnemonic":"CASH",
        "benefit_code_description":"d","benefit_type":"CASH_DIGITAL","disbursement_cycle_id":12,"disbursement_frequency":"Monthly",
        "cycle_code_mnemonic":"2026-01","number_of_beneficiaries":2,"number_of_disbursements":2,"total_disbursement_quantity":1150.5,
        "measurement_unit":"KES","disbursement_schedule_date":"2026-01-05"}}]}}}}"#
    ));
    let json = format!(
        r#"{{{header},"request_body":{{"disbursement_batch_control_id":"b-1","request_payload":[{{"disbursement_id":"0123456789abcdEF",
        "disbursement_envelope_id":"e-1","beneficiary_id":"token:a@nationalId","beneficiary_name":null,"disbursement_quantity":500.00,
        "compute_elements":{{"base":500}},"disbursement_cycle_id":12,"disbursement_batch_control_id":"b-1","narrative":"Food"}}]}}}}"#
    );
    stays_the_same::<DisbursementsRequest>(&json);
    let request: DisbursementsRequest = parse(&json);
    let text = serde_json::to_string(&request).unwrap();
    assert!(text.contains(r#""disbursement_quantity":500.00,"#), "{text}");
    assert!(text.contains(r#""beneficiary_name":null"#), "PBMS sends the null: {text}");
    stays_the_same::<DisbursementBatchControlPayload>(
        r#"{"disbursement_batch_control_id":"b-1","disbursement_envelope_id":"e-1","number_of_disbursements":2,
        "fa_resolution_status":"PROCESSED","fa_resolution_attempts":1,"sponsor_bank_dispatch_status":"NOT_APPLICABLE","sponsor_bank_dispatch_attempts":0}"#,
    );
    let cancel: Vec<EnvelopeReference> = parse(r#"[{"id":"e-1"},{"disbursement_envelope_id":"e-2"}]"#);
    assert_eq!([cancel[0].id.as_str(), cancel[1].id.as_str()], ["e-1", "e-2"]);
}

#[test]
fn the_specified_disburse_message_is_read_with_either_spelling() {
    let item = r#"{"reference_id":"R1","payer_fa":"account:12345@national-bank","payee_fa":"token:12345@national-id","amount":"1000.00","currency_code":"USD","purpose":"Relief"}"#;
    stays_the_same::<DisburseRequest>(&format!(r#"{{"transaction_id":"T1","disbursements":[{item}]}}"#));
    let misspelt: DisburseRequest = parse(&format!(r#"{{"transaction_id":"T1","disburemsents":[{item}]}}"#));
    assert_eq!(misspelt.disbursements[0].amount().unwrap().as_str(), "1000.00");
    let amount =
        |text: &str| DisburseItem { amount: text.to_owned(), ..misspelt.disbursements[0].clone() }.amount();
    assert_eq!(amount("007.5").unwrap().as_str(), "7.5");
    for bad in ["100", "0.00", "-1.00", "1.234", "12345678901234.00", "", ".5", "1e3.0"] {
        assert_eq!(amount(bad), Err(DisburseReason::AmountInvalid), "{bad}");
    }
}

#[test]
fn debug_shows_neither_payee_nor_amount() {
    let row: DisbursementPayload = parse(
        r#"{"disbursement_id":"0123456789abcdEF","beneficiary_id":"token:secret@nationalId","beneficiary_name":"Amina","disbursement_quantity":777.77}"#,
    );
    let shown = format!("{row:?}");
    assert!(shown.contains("0123456789abcdEF"));
    for hidden in ["secret", "Amina", "777"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
