//! How the types look in OpenAPI documents.

use std::borrow::Cow;

use utoipa::openapi::{
    RefOr,
    schema::{ObjectBuilder, Schema, SchemaType, Type},
};
use utoipa::{PartialSchema, ToSchema};

use crate::amount::Amount;
use crate::currency::Currency;
use crate::decimal_text::DecimalText;

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("ISO 4217 currency code."))
            .pattern(Some("^[A-Z]{3}$"))
            .examples(["KES"])
            .into()
    }
}

impl ToSchema for Currency {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Currency")
    }
}

impl PartialSchema for DecimalText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Number, Type::String]))
            .description(Some(
                "An exact decimal number. Written as a JSON number; a string that holds a number is read too.",
            ))
            .into()
    }
}

impl ToSchema for DecimalText {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DecimalText")
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        let amount = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Decimal text with at most the currency's decimals. A JSON number is read too.",
            ))
            .pattern(Some(r"^-?\d+(\.\d+)?$"))
            .examples(["500.00"]);
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A sum of money."))
            .property("amount", amount)
            .property("currency", Currency::schema())
            .required("amount")
            .required("currency")
            .into()
    }
}

impl ToSchema for Amount {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }
}
