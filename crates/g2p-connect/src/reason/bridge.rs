//! Codes of the bridge's own API. In the 1.0 dialect they stand in `header.status_reason_message` and in
//! the rows' `response_error_codes`; in the newer one in `response_error_code`.

use super::reason_codes;

reason_codes! {
    /// A code of the bridge.
    pub enum BridgeReason {
        /// The programme is blank or has no configuration.
        InvalidProgramMnemonic = "INVALID_PROGRAM_MNEMONIC", 422, final;
        /// The frequency is missing or unknown.
        InvalidDisbursementFrequency = "INVALID_DISBURSEMENT_FREQUENCY", 422, final;
        /// The cycle is blank.
        InvalidCycleCodeMnemonic = "INVALID_CYCLE_CODE_MNEMONIC", 422, final;
        /// Fewer than one beneficiary.
        InvalidNoOfBeneficiaries = "INVALID_NO_OF_BENEFICIARIES", 422, final;
        /// Fewer than one disbursement.
        InvalidNoOfDisbursements = "INVALID_NO_OF_DISBURSEMENTS", 422, final;
        /// The total is negative, malformed or has too many decimals.
        InvalidTotalDisbursementAmount = "INVALID_TOTAL_DISBURSEMENT_AMOUNT", 422, final;
        /// The currency is not the programme's.
        InvalidDisbursementCurrencyCode = "INVALID_DISBURSEMENT_CURRENCY_CODE", 422, final;
        /// The schedule date is missing or in the past.
        InvalidDisbursementScheduleDate = "INVALID_DISBURSEMENT_SCHEDULE_DATE", 422, final;
        /// The receipt time stamp is malformed.
        InvalidReceiptTimeStamp = "INVALID_RECEIPT_TIME_STAMP", 422, final;
        /// The envelope id is missing or malformed.
        InvalidDisbursementEnvelopeId = "INVALID_DISBURSEMENT_ENVELOPE_ID", 422, final;
        /// There is no such envelope.
        DisbursementEnvelopeNotFound = "DISBURSEMENT_ENVELOPE_NOT_FOUND", 404, final;
        /// The envelope has been cancelled.
        DisbursementEnvelopeAlreadyCanceled = "DISBURSEMENT_ENVELOPE_ALREADY_CANCELED", 409, final;
        /// The envelope has been cancelled; a second spelling of the reference.
        EnvelopeAlreadyCancelled = "ENVELOPE_ALREADY_CANCELLED", 409, final;
        /// The envelope's schedule date has come: it can no longer be amended.
        DisbursementEnvelopeDatePassed = "DISBURSEMENT_ENVELOPE_DATE_PASSED", 409, final;
        /// One request names several envelopes.
        MultipleEnvelopesFound = "MULTIPLE_ENVELOPES_FOUND", 422, final;
        /// More disbursements than the envelope declares. The misspelling is the wire text.
        NoOfDisbursementsExceedsDeclared = "NO_OF_DISBUESEMENTS_EXCEEDS_DECLARED", 409, final;
        /// More money than the envelope declares.
        TotalDisbursementAmountExceedsDeclared = "TOTAL_DISBURSEMENT_AMOUNT_EXCEEDS_DECLARED", 409, final;
        /// Some rows are wrong; each says why.
        InvalidDisbursementPayload = "INVALID_DISBURSEMENT_PAYLOAD", 422, final;
        /// Row: the amount is missing, zero, negative, malformed or has too many decimals.
        InvalidDisbursementAmount = "INVALID_DISBURSEMENT_AMOUNT", 422, final;
        /// Row: the beneficiary id is blank.
        InvalidBeneficiaryId = "INVALID_BENEFICIARY_ID", 422, final;
        /// Row: the beneficiary's name is blank (1.0 dialect only).
        InvalidBeneficiaryName = "INVALID_BENEFICIARY_NAME", 422, final;
        /// Row: the narrative is blank.
        InvalidNarrative = "INVALID_NARRATIVE", 422, final;
        /// There is no such disbursement, or its id is malformed.
        InvalidDisbursementId = "INVALID_DISBURSEMENT_ID", 422, final;
        /// Row: the disbursement has been cancelled.
        DisbursementAlreadyCanceled = "DISBURSEMENT_ALREADY_CANCELED", 409, final;
        /// The schedule date has come: disbursements can no longer be cancelled.
        DisbursementEnvelopeScheduleDateReached = "DISBURSEMENT_ENVELOPE_SCHEDULE_DATE_REACHED", 409, final;
        /// Cancelling would make the number received negative.
        NoOfDisbursementsLessThanZero = "NO_OF_DISBURSEMENTS_LESS_THAN_ZERO", 409, final;
        /// Cancelling would make the amount received negative.
        TotalDisbursementAmountLessThanZero = "TOTAL_DISBURSEMENT_AMOUNT_LESS_THAN_ZERO", 409, final;
        /// The statement books a disbursement a second time; or a disbursement id is used for other content.
        DuplicateDisbursement = "DUPLICATE_DISBURSEMENT", 409, final;
        /// The statement reverses what was never booked.
        InvalidReversal = "INVALID_REVERSAL", 422, final;
        /// The statement is of an account that no programme has.
        InvalidAccountNumber = "INVALID_ACCOUNT_NUMBER", 422, final;
        /// The statement cannot be read.
        StatementUploadError = "STATEMENT_UPLOAD_ERROR", 400, final;
    }
}
