//! A browser without script: keeps cookies, does not follow redirects by itself, sends the hidden fields of the last page
//! that had them.

use std::collections::BTreeMap;

use reqwest::{Client, Method, header::HeaderMap, redirect::Policy};

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Seen {
    #[track_caller]
    pub(crate) fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.html);
        self
    }

    #[track_caller]
    pub(crate) fn expect_location(self, path: &str) -> Self {
        assert_eq!(self.header("location"), path);
        self
    }

    #[track_caller]
    pub(crate) fn has(&self, text: &str) {
        assert!(self.html.contains(text), "no \"{text}\" in {}", self.html);
    }

    #[track_caller]
    pub(crate) fn lacks(&self, text: &str) {
        assert!(!self.html.contains(text), "\"{text}\" in {}", self.html);
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The message beside a field.
    pub(crate) fn error_of(&self, field: &str) -> Option<&str> {
        let from = self.html.split(&format!("id=\"{field}-error\"><strong>Error:</strong> ")).nth(1)?;
        from.split("</p>").next()
    }

    /// The links of the summary at the top: field and message.
    pub(crate) fn summary(&self) -> Vec<(&str, &str)> {
        let Some(summary) = self.html.split("role=\"alert\"").nth(1) else { return Vec::new() };
        let list = summary.split("</ul>").next().unwrap();
        list.split("href=\"#")
            .skip(1)
            .map(|l| l.split("</a>").next().unwrap().split_once("\">").unwrap())
            .collect()
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    base: String,
    client: Client,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) token: String,
    /// What the last page with a question "is this right?" was about.
    pub(crate) reference: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

impl Browser {
    pub(crate) fn new(base: String) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self {
            base,
            client,
            cookies: BTreeMap::new(),
            token: String::new(),
            reference: String::new(),
            headers: Vec::new(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form with the hidden fields of the last page.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let (token, reference) = (self.token.clone(), self.reference.clone());
        let mut fields = fields.to_vec();
        fields.extend([("csrf", token.as_str()), ("reference", reference.as_str())]);
        self.post(path, &fields).await
    }

    /// Sends exactly these fields.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let fields: Vec<(String, String)> =
            fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.send(Method::POST, path, Some(fields)).await
    }

    /// The session cookie's value.
    pub(crate) fn session(&self) -> &str {
        self.cookies.get("__Host-session").unwrap_or_else(|| &self.cookies["session"])
    }

    async fn send(&mut self, method: Method, path: &str, form: Option<Vec<(String, String)>>) -> Seen {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(form) = form {
            request = request.form(&form);
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("Cookie", all.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let html = response.text().await.unwrap();
        for (name, kept) in [("csrf", &mut self.token), ("reference", &mut self.reference)] {
            if let Some(rest) = html.split(&format!("name=\"{name}\" value=\"")).nth(1) {
                rest.split('"').next().unwrap().clone_into(kept);
            }
        }
        Seen { status, headers, html }
    }
}
