//! Codes of the G2P-Connect disburse API (not of the bridge's own API, see [`super::BridgeReason`]).

use super::reason_codes;

reason_codes! {
    /// Why a disbursement was rejected.
    pub enum DisburseReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id has been used.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The payer's address is malformed or not the caller's.
        PayerFaInvalid = "rjct.payer_fa.invalid", 400, final;
        /// The payee's address is malformed.
        PayeeFaInvalid = "rjct.payee_fa.invalid", 400, final;
        /// The amount is malformed, zero or has too many decimals.
        AmountInvalid = "rjct.amount.invalid", 400, final;
        /// The schedule lies in the past or is malformed.
        ScheduleTsInvalid = "rjct.schedule_ts.invalid", 400, final;
        /// The currency is unknown or not the payer's.
        CurrencyCodeInvalid = "rjct.currency_code.invalid", 400, final;
    }
}

reason_codes! {
    /// Why a search for disbursements was rejected.
    pub enum DisburseSearchReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the message.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The kind of request searched for is unknown.
        RequestTypeInvalid = "rjct.request_type.invalid", 400, final;
        /// The attribute searched by is unknown.
        AttributeTypeInvalid = "rjct.attribute_type.invalid", 400, final;
        /// The transaction id searched for is malformed.
        SrchTransactionIdInvalid = "rjct.srch_transaction_id.invalid", 400, final;
        /// There is no such transaction.
        SrchTransactionIdNotFound = "rjct.srch_transaction_id.not_found", 404, final;
        /// The reference id searched for is malformed. The underscore after `rjct` is the specification's.
        SrchReferenceIdInvalid = "rjct_srch_reference_id.invalid", 400, final;
        /// There is no such reference. The underscore after `rjct` is the specification's.
        SrchReferenceIdNotFound = "rjct_srch_reference_id.not_found", 404, final;
        /// More hits than the receiver answers.
        SrchTooManyRecordsFound = "rjct.srch.too_many_records_found", 422, final;
        /// The payer's address is malformed.
        SrchPayerFaInvalid = "rjct.srch_payer_fa.invalid", 400, final;
        /// The payee's address is malformed.
        SrchPayeeFaInvalid = "rjct.srch_payee_fa.invalid", 400, final;
        /// The attributes asked for may not be shared.
        ShareAttributesInvalid = "rjct.share_attributes.invalid", 400, final;
    }
}
