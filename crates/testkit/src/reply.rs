//! An HTTP answer, read whole.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a service answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub text: String,
}

impl Reply {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the whole answer");
        Self { status, headers, text }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON; the message shows status and body.
    #[must_use]
    pub fn json(&self) -> Value {
        self.parse()
    }

    /// The body as a type.
    ///
    /// # Panics
    /// When it does not fit; the message shows status and body.
    #[must_use]
    pub fn parse<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|e| panic!("{e} in HTTP {}: {}", self.status, self.text))
    }

    /// The same answer if its status is this one.
    ///
    /// # Panics
    /// When it is another; the message shows the body.
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "body: {}", self.text);
        self
    }
}
