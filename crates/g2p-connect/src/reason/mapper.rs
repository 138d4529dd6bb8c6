//! Codes of the mapper's items. All `rjct.*` are with `status: rjct`, all `succ.*` with `status: succ`.

use super::reason_codes;

reason_codes! {
    /// Why an item of a link was rejected.
    pub enum LinkReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the batch; also "this id is already linked", as deployed mappers say it.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The id is empty or malformed.
        IdInvalid = "rjct.id.invalid", 400, final;
        /// The financial address is empty or malformed.
        FaInvalid = "rjct.fa.invalid", 400, final;
        /// The name is malformed.
        NameInvalid = "rjct.name.invalid", 400, final;
        /// The phone number is malformed.
        MobileNumberInvalid = "rjct.mobile_number.invalid", 400, final;
        /// Something passed went wrong: try again.
        UnknownRetry = "rjct.unknown.retry", 503, retry;
        /// Something else is wrong; the message says what.
        OtherError = "rjct.other.error", 422, final;
    }
}

reason_codes! {
    /// Why an item of an update was rejected.
    pub enum UpdateReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the batch; deployed mappers also say it when the id is unknown.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The name is malformed.
        BeneficiaryNameInvalid = "rjct.beneficiary_name.invalid", 400, final;
        /// The id is empty, malformed or unknown. Not in the specification; deployed mappers send it.
        IdInvalid = "rjct.id.invalid", 400, final;
        /// The financial address is empty or malformed. Not in the specification; deployed mappers send it.
        FaInvalid = "rjct.fa.invalid", 400, final;
    }
}

reason_codes! {
    /// Why an item of an unlink was rejected.
    pub enum UnlinkReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the batch.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The name is malformed.
        BeneficiaryNameInvalid = "rjct.beneficiary_name.invalid", 400, final;
        /// The id, or the pair of id and address, is unknown. Not in the specification; deployed mappers send it.
        IdInvalid = "rjct.id.invalid", 400, final;
        /// The financial address is malformed. Not in the specification; deployed mappers send it.
        FaInvalid = "rjct.fa.invalid", 400, final;
    }
}

reason_codes! {
    /// What resolving an item found, or why it was rejected.
    pub enum ResolveReason {
        /// The reference id is malformed; deployed mappers also say it when id and address are both empty.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the batch.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The id is malformed.
        IdInvalid = "rjct.id.invalid", 400, final;
        /// The financial address is malformed.
        FaInvalid = "rjct.fa.invalid", 400, final;
        /// The scope is not supported, or not allowed for this caller.
        ResolveTypeNotSupported = "rjct.resolve_type.not_supported", 403, final;
        /// The address is linked and active.
        FaActive = "succ.fa.active", 200, final;
        /// The address is linked and inactive.
        FaInactive = "succ.fa.inactive", 200, final;
        /// Nobody has this address.
        FaNotFound = "succ.fa.not_found", 200, final;
        /// The id has no address, or another one.
        FaNotLinkedToId = "succ.fa.not_linked_to_id", 200, final;
        /// The id is linked and active.
        IdActive = "succ.id.active", 200, final;
        /// The id is linked and inactive.
        IdInactive = "succ.id.inactive", 200, final;
        /// The id is unknown.
        IdNotFound = "succ.id.not_found", 200, final;
    }
}

impl ResolveReason {
    /// Whether this code is a finding (`status: succ`) and not a rejection.
    pub fn is_success(self) -> bool {
        self.as_str().starts_with("succ.")
    }
}
