//! npm `oidc-provider`, an OpenID provider of another make, and people who sign in there.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use g2p_crypto::SigningKey;
use reqwest::{Client, Response, Url, redirect::Policy};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
};

use crate::{World, browser::Browser};

/// Where the pages are as far as provider and browser know.
pub(crate) const PUBLIC: &str = "https://pay.example.org";
/// The secret of the clients that have one.
pub(crate) const SECRET: &str = "a secret: of + this & client";

/// The running provider. It ends with its standard input, so with this.
pub(crate) struct OidcProvider {
    pub(crate) issuer: String,
    /// Key of the client `pages-jwt`.
    pub(crate) key: SigningKey,
    _input: ChildStdin,
    _child: Child,
}

impl OidcProvider {
    pub(crate) async fn start() -> Self {
        Self::start_for(PUBLIC).await
    }

    /// For pages at another address.
    pub(crate) async fn start_for(public: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let modules = root.join("target/oidc-provider");
        assert!(
            modules.join("installed").is_file(),
            "the OpenID provider is not installed: run scripts/setup.sh test"
        );
        let mut child = Command::new("node")
            .arg(root.join("tests/oidc-provider/provider.mjs"))
            .arg(modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node: run scripts/setup.sh test");
        let key = SigningKey::generate_es256().unwrap();
        let given = json!({
            "redirect_uri": format!("{public}/oauth2/callback"), "signed_out_uri": format!("{public}/signed-out"),
            "staff_redirect_uri": format!("{public}/helpdesk/callback"),
            "public_key": key.public_jwk(),
        });
        let mut input = child.stdin.take().unwrap();
        input.write_all(format!("{given}\n").as_bytes()).await.unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = loop {
            let line = lines.next_line().await.unwrap().expect("the provider starts");
            if line.starts_with("http://") {
                break line;
            }
        };
        Self { issuer, key, _input: input, _child: child }
    }

    /// Settings of the client `pages-basic`, as for Keycloak.
    pub(crate) fn keycloak(&self) -> Value {
        json!({
            "preset": "keycloak", "display_name": "Ministry", "issuer": self.issuer, "client_id": "pages-basic",
            "client_secret": SECRET,
        })
    }

    /// Settings of the client `pages-jwt`, as for eSignet.
    pub(crate) fn esignet(&self) -> Value {
        json!({
            "preset": "esignet", "display_name": "National ID", "issuer": self.issuer, "client_id": "pages-jwt",
            "client_key": self.key.to_pkcs8_pem().as_str(), "acr_values": "urn:otp",
        })
    }
}

/// The pages with these providers, and without demo login.
pub(crate) async fn world_with(sign_in: Value) -> World {
    World::start_with(|loaded| {
        loaded.service.demo_login = false;
        loaded.service.public_url = PUBLIC.to_owned();
        loaded.service.sign_in = serde_json::from_value(sign_in).unwrap();
        let bank = spar_self_service::config::Provider {
            code: "EXBK".to_owned(),
            name: "Example Bank".to_owned(),
            branches: Vec::new(),
        };
        loaded.service.banks = vec![bank];
    })
    .await
}

/// A person's browser at the provider.
#[derive(Clone)]
pub(crate) struct AtProvider {
    client: Client,
    cookies: BTreeMap<String, String>,
    /// Forms that were filled in: `login`, `consent`.
    pub(crate) forms: Vec<String>,
}

impl AtProvider {
    pub(crate) fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { client, cookies: BTreeMap::new(), forms: Vec::new() }
    }

    /// Goes where the pages sent the browser, signs in as `login` where asked, and agrees. Returns path and query with
    /// which the provider sends the browser back.
    pub(crate) async fn pass(&mut self, url: &str, login: &str) -> String {
        let mut response = self.send(self.client.get(url)).await;
        for _ in 0..12 {
            if let Some(back) = self.back(&response) {
                return back;
            }
            response = match response.headers().get("location") {
                Some(to) => {
                    let to = response.url().join(to.to_str().unwrap()).unwrap();
                    self.send(self.client.get(to)).await
                }
                None => self.fill(response, login).await,
            };
        }
        panic!("the provider does not send the browser back");
    }

    fn back(&self, response: &Response) -> Option<String> {
        let to = response.headers().get("location")?.to_str().unwrap();
        to.strip_prefix(PUBLIC).map(str::to_owned)
    }

    async fn fill(&mut self, response: Response, login: &str) -> Response {
        let (status, base) = (response.status(), response.url().clone());
        let html = response.text().await.unwrap();
        let attribute = |name: &str| {
            let rest = html.split(&format!("{name}=\"")).nth(1)?;
            rest.split('"').next().map(str::to_owned)
        };
        let action = attribute("action").unwrap_or_else(|| panic!("{status} {html}"));
        let action = base.join(&action.replace("&amp;", "&")).unwrap();
        let value_of = |name: &str| {
            let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
            rest.split('"').next().map(str::to_owned)
        };
        let form = match value_of("prompt") {
            Some(prompt) => {
                self.forms.push(prompt.clone());
                vec![("prompt", prompt), ("login", login.to_owned()), ("password", "any".to_owned())]
            }
            None => vec![("xsrf", value_of("xsrf").unwrap()), ("logout", "yes".to_owned())],
        };
        self.send(self.client.post(action).form(&form)).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header("Cookie", all.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("01 Jan 1970") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// The status and text of an address there.
    pub(crate) async fn get(&mut self, url: &str) -> (u16, String) {
        let response = self.send(self.client.get(url)).await;
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// Where the pages send this browser.
pub(crate) async fn away(browser: &mut Browser, path: &str) -> String {
    browser.get(path).await.expect_status(303).header("location").to_owned()
}

/// Signs in at `/sign-in/{provider}` and returns what the pages answer at the end.
pub(crate) async fn sign_in(
    browser: &mut Browser,
    person: &mut AtProvider,
    provider: &str,
    login: &str,
) -> crate::browser::Seen {
    let url = away(browser, &format!("/sign-in/{provider}")).await;
    let back = person.pass(&url, login).await;
    browser.get(&back).await
}

/// The parameters of an address.
pub(crate) fn query(url: &str) -> BTreeMap<String, String> {
    Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

/// Path and query with one parameter changed; `None` takes it away.
pub(crate) fn with(path: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(&format!("{PUBLIC}{path}")).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(n, _)| n != name).collect();
    url.query_pairs_mut().clear().extend_pairs(&pairs).extend_pairs(value.map(|value| (name, value)));
    format!("{}?{}", url.path(), url.query().unwrap())
}
