//! Codes of the registry's items (SPDCI and G2P-Connect name them alike).

use super::reason_codes;

reason_codes! {
    /// Why a search item was rejected.
    pub enum SearchReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the message.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is no RFC 3339 date-time with an offset.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The query is malformed, too large, or not of the shape its `query_type` says.
        SearchCriteriaInvalid = "rjct.search_criteria.invalid", 400, final;
        /// An attribute may not be filtered on, or not by this operator.
        FilterInvalid = "rjct.filter.invalid", 400, final;
        /// An attribute may not be sorted by.
        SortInvalid = "rjct.sort.invalid", 400, final;
        /// A page number or size below 1 or too large.
        PaginationInvalid = "rjct.pagination.invalid", 400, final;
        /// More hits than the receiver answers.
        TooManyRecordsFound = "rjct.search.too_many_records_found", 422, final;
    }
}

reason_codes! {
    /// Why a subscription was rejected.
    pub enum SubscribeReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the message.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// The kind of event is unknown.
        NotifyTypesInvalid = "rjct.notify_types.invalid", 400, final;
        /// The details to send are malformed.
        NotifyDetailsInvalid = "rjct.notify_details.invalid", 400, final;
        /// The person is unknown.
        PersonIdInvalid = "rjct.person_id.invalid", 400, final;
        /// There is such a subscription already.
        EventAlreadySubscribed = "rjct.event.already_subscribed", 409, final;
    }
}

reason_codes! {
    /// Why ending a subscription was rejected.
    pub enum UnsubscribeReason {
        /// The reference id is malformed.
        ReferenceIdInvalid = "rjct.reference_id.invalid", 400, final;
        /// The reference id stands twice in the message.
        ReferenceIdDuplicate = "rjct.reference_id.duplicate", 409, final;
        /// The time stamp is malformed.
        TimestampInvalid = "rjct.timestamp.invalid", 400, final;
        /// There is no such subscription.
        SubscriptionCodeInvalid = "rjct.subscription_code.invalid", 404, final;
        /// The subscription is somebody else's.
        RequesterInvalid = "rjct.requester.invalid", 403, final;
        /// The subscription has ended already.
        EventAlreadyUnsubscribed = "rjct.event.already_unsubscribed", 409, final;
    }
}
