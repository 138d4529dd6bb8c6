//! Currencies of ISO 4217.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{MoneyError, shown};

/// An active ISO 4217 currency. Small, copied freely; on the wire its code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

/// Codes by number of decimals, from the ISO 4217 list of active codes (list one, 2026-01-01). Without the entries that
/// are no money one could pay with: metals, SDR, bond units, `XTS`, `XXX`.
const BY_EXPONENT: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
         CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG \
         HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
         MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD \
         SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD \
         XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    /// Kenyan shilling, 2 decimals.
    pub const KES: Self = Self { code: "KES", exponent: 2 };
    /// US dollar, 2 decimals.
    pub const USD: Self = Self { code: "USD", exponent: 2 };
    /// Euro, 2 decimals.
    pub const EUR: Self = Self { code: "EUR", exponent: 2 };
    /// Indian rupee, 2 decimals.
    pub const INR: Self = Self { code: "INR", exponent: 2 };
    /// Philippine peso, 2 decimals.
    pub const PHP: Self = Self { code: "PHP", exponent: 2 };
    /// Ethiopian birr, 2 decimals.
    pub const ETB: Self = Self { code: "ETB", exponent: 2 };
    /// Japanese yen, no decimals.
    pub const JPY: Self = Self { code: "JPY", exponent: 0 };
    /// West African CFA franc, no decimals.
    pub const XOF: Self = Self { code: "XOF", exponent: 0 };
    /// Kuwaiti dinar, 3 decimals.
    pub const KWD: Self = Self { code: "KWD", exponent: 3 };

    /// The currency with this code: three capital letters.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`].
    pub fn from_code(code: &str) -> Result<Self, MoneyError> {
        Self::all().find(|c| c.code == code).ok_or_else(|| MoneyError::UnknownCurrency(shown(code)))
    }

    /// All active currencies, by number of decimals and then by code.
    pub fn all() -> impl Iterator<Item = Self> {
        BY_EXPONENT
            .iter()
            .flat_map(|(exponent, codes)| codes.split(' ').map(|code| Self { code, exponent: *exponent }))
    }

    /// The three capital letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Number of decimals: 2 for KES, 0 for JPY, 3 for KWD.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }

    /// Minor units in one major unit: 100 for KES, 1 for JPY, 1000 for KWD.
    #[must_use]
    pub const fn minor_per_major(self) -> i64 {
        10_i64.pow(self.exponent as u32)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::from_code(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_code(&code).map_err(serde::de::Error::custom)
    }
}
