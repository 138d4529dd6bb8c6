//! Codes about a whole message.

use super::reason_codes;

reason_codes! {
    /// `header.status_reason_code`: why a whole message of dialect (a)/(b) was rejected.
    pub enum HeaderReason {
        /// The version of the envelope is not supported.
        VersionInvalid = "rjct.version.invalid", 400, final;
        /// The sender has used this message id for other content.
        MessageIdDuplicate = "rjct.message_id.duplicate", 409, final;
        /// The time stamp is no RFC 3339 date-time, or too far from now.
        MessageTsInvalid = "rjct.message_ts.invalid", 400, final;
        /// The action is malformed.
        ActionInvalid = "rjct.action.invalid", 400, final;
        /// The action does not belong to this endpoint.
        ActionNotSupported = "rjct.action.not_supported", 400, final;
        /// `total_count` is not the number of items sent.
        TotalCountInvalid = "rjct.total_count.invalid", 400, final;
        /// More items than the receiver takes in one message.
        TotalCountLimitExceeded = "rjct.total_count.limit_exceeded", 413, final;
        /// So many items are wrong that the whole message is refused.
        ErrorsTooMany = "rjct.errors.too_many", 422, final;
        /// The signature is missing or does not verify. Not in the specification; the mapper has sent it since 1.1.
        JwtInvalid = "rjct.jwt.invalid", 401, final;
    }
}

reason_codes! {
    /// `error.code` of acknowledgements and of HTTP error bodies.
    pub enum ErrReason {
        /// The request is malformed.
        RequestBad = "err.request.bad", 400, final;
        /// No valid credentials.
        RequestUnauthorized = "err.request.unauthorized", 401, final;
        /// Valid credentials without the right to do this.
        RequestForbidden = "err.request.forbidden", 403, final;
        /// There is no such thing.
        RequestNotFound = "err.request.not_found", 404, final;
        /// The receiver did not finish in time.
        RequestTimeout = "err.request.timeout", 504, retry;
        /// The version of the envelope is not supported.
        VersionNotSupported = "err.version.not_supported", 400, final;
        /// The caller is too fast.
        RequestTooManyRequests = "err.request.too_many_requests", 429, retry;
        /// The sender is unknown.
        SenderIdInvalid = "err.sender_id.invalid", 401, final;
        /// The address for callbacks is missing, malformed or not allowed.
        SenderUriInvalid = "err.sender_uri.invalid", 400, final;
        /// The message is for somebody else.
        ReceiverIdInvalid = "err.receiver_id.invalid", 400, final;
        /// The partner must sign and did not.
        SignatureMissing = "err.signature.missing", 401, final;
        /// The signature does not verify.
        SignatureInvalid = "err.signature.invalid", 401, final;
        /// The message cannot be decrypted.
        EncryptionInvalid = "err.encryption.invalid", 400, final;
        /// The receiver cannot work at the moment.
        ServiceUnavailable = "err.service.unavailable", 503, retry;
    }
}

reason_codes! {
    /// `response_error_code` of the newer envelope, where it is not a code of the operation.
    pub enum StatusReasonV2 {
        /// The request is malformed; the message says where.
        RequestValidation = "rjct.request.validation", 400, final;
        /// The operation is not supported.
        ActionNotSupported = "rjct.action.not_supported", 400, final;
        /// The signature is missing or malformed.
        JwtInvalid = "rjct.jwt.invalid", 401, final;
        /// The signature does not verify.
        SignatureInvalid = "rjct.signature.invalid", 401, final;
        /// The caller may not do this.
        PermissionDenied = "rjct.permission.denied", 403, final;
        /// Something broke on the receiver's side.
        InternalError = "rjct.internal.error", 500, retry;
    }
}
