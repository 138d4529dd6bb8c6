//! The way back: a code becomes a person.

use std::collections::BTreeMap;

use g2p_crypto::{Algorithm, JwtExpectations, TokenError, issue_jwt, verify_attached, verify_jwt};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ClientAuth, OidcError, Pending, Provider, Userinfo,
    id_token::{self, Expected, LEEWAY},
};
use crate::{Answer, CallError, Masked};

/// Longest code that is sent on.
const MAX_CODE: usize = 4096;
/// Life of a token by which we prove who we are.
const ASSERTION_SECONDS: i64 = 60;

/// Somebody whom a provider vouches for.
#[derive(Debug)]
pub struct SignedIn {
    /// Claims of the verified ID token.
    id_claims: Masked<Map<String, Value>>,
    /// What the userinfo endpoint said about the same `sub`.
    userinfo: Masked<Map<String, Value>>,
    /// The ID token, which the provider wants to see again when the person signs out.
    pub id_token: Masked<String>,
}

impl SignedIn {
    /// Somebody of whom a verified bearer token speaks.
    pub(super) fn of_token(claims: Map<String, Value>) -> Self {
        let (userinfo, id_token) = (Masked::new(Map::new()), Masked::new(String::new()));
        Self { id_claims: Masked::new(claims), userinfo, id_token }
    }

    /// A claim of the ID token, or else of the userinfo.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.id_claims.expose().get(name).or_else(|| self.userinfo.expose().get(name))
    }

    /// When the person proved who she is, in Unix seconds. Of the ID token only.
    #[must_use]
    pub fn auth_time(&self) -> Option<i64> {
        id_token::number(self.id_claims.expose(), "auth_time")
    }

    /// How she did it. Of the ID token only.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.id_claims.expose().get("acr").and_then(Value::as_str)
    }
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    token_type: String,
    id_token: String,
}

impl Provider {
    /// Ends a sign-in: `code` and `iss` as the browser brought them.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn finish(
        &self,
        pending: &Pending,
        code: &str,
        iss: Option<&str>,
    ) -> Result<SignedIn, OidcError> {
        let metadata = self.discovery.metadata(&self.settings, &self.http).await?;
        match iss {
            Some(iss) if iss != self.settings.issuer => {
                return Err(OidcError::refused("the answer is that of another issuer"));
            }
            None if metadata.authorization_response_iss_parameter_supported => {
                return Err(OidcError::refused("the answer does not name the issuer"));
            }
            _ => {}
        }
        if !(1..=MAX_CODE).contains(&code.len()) {
            return Err(OidcError::refused("the answer has no code"));
        }
        let tokens = self.trade(&metadata.token_endpoint, code, &pending.verifier).await?;
        let id_claims = self.read_id_token(pending, &tokens).await?;
        let userinfo = match (self.settings.userinfo(), &metadata.userinfo_endpoint) {
            (Userinfo::None, _) => Map::new(),
            (kind, Some(url)) => self.ask_userinfo(kind, url, &tokens.access_token, &id_claims).await?,
            (_, None) => return Err(OidcError::Misconfigured("it has no userinfo_endpoint".to_owned())),
        };
        let signed_in = SignedIn {
            id_claims: Masked::new(id_claims),
            userinfo: Masked::new(userinfo),
            id_token: Masked::new(tokens.id_token),
        };
        self.require_claims(&signed_in)?;
        Ok(signed_in)
    }

    async fn trade(&self, url: &str, code: &str, verifier: &str) -> Result<Tokens, OidcError> {
        let id = &self.settings.client_id;
        let secret = self.settings.client_secret.as_ref().map(|s| s.expose().as_str()).unwrap_or_default();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", verifier),
        ];
        let assertion;
        let answer = match self.settings.auth() {
            ClientAuth::ClientSecretBasic => self.http.post_form_basic(url, id, secret, &form).await,
            ClientAuth::ClientSecretPost => {
                form.extend([("client_id", id.as_str()), ("client_secret", secret)]);
                self.http.post_form(url, &form).await
            }
            ClientAuth::PrivateKeyJwt => {
                assertion = self.assertion(url)?;
                form.extend([
                    ("client_id", id.as_str()),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", &assertion),
                ]);
                self.http.post_form(url, &form).await
            }
        };
        let tokens: Tokens = answer.map_err(token_error)?.json()?;
        if tokens.token_type.eq_ignore_ascii_case("bearer") {
            Ok(tokens)
        } else {
            Err(OidcError::refused("the access token is of a kind that we do not know"))
        }
    }

    /// RFC 7523: who we are, signed, for one use.
    fn assertion(&self, token_endpoint: &str) -> Result<String, OidcError> {
        let broken = |why: String| OidcError::Misconfigured(why);
        let key = self.client_key.as_ref().ok_or_else(|| broken("client_key is missing".to_owned()))?;
        let (id, now) = (&self.settings.client_id, self.clock.now().unix_timestamp());
        let audience = self.settings.client_assertion_audience.as_deref().unwrap_or(token_endpoint);
        let claims = json!({
            "iss": id, "sub": id, "aud": audience, "iat": now, "exp": now + ASSERTION_SECONDS,
            "jti": uuid::Uuid::new_v4(),
        });
        issue_jwt(key, &claims).map_err(|e| broken(e.to_string()))
    }

    async fn read_id_token(
        &self,
        pending: &Pending,
        tokens: &Tokens,
    ) -> Result<Map<String, Value>, OidcError> {
        let (settings, now) = (&self.settings, self.clock.now().unix_timestamp());
        let expected = JwtExpectations {
            issuer: Some(&settings.issuer),
            audiences: &[&settings.client_id],
            algorithms: &Algorithm::ALL,
            leeway_secs: LEEWAY,
            now: Some(now),
        };
        let claims = self
            .verified(|keys| verify_jwt::<Map<String, Value>>(&tokens.id_token, keys, &expected))
            .await
            .map_err(|e| of("ID token", e))?;
        let alg =
            id_token::algorithm(&tokens.id_token).ok_or_else(|| OidcError::refused("ID token: no alg"))?;
        let expected = Expected {
            client_id: &settings.client_id,
            nonce: &pending.nonce,
            access_token: &tokens.access_token,
            now,
            again: pending.again.then_some((pending.begun_at, &settings.step_up_acr)),
        };
        id_token::check(&claims, alg, &expected)?;
        Ok(claims)
    }

    async fn ask_userinfo(
        &self,
        kind: Userinfo,
        url: &str,
        access_token: &str,
        id_claims: &Map<String, Value>,
    ) -> Result<Map<String, Value>, OidcError> {
        let answer = self.http.get_as(url, access_token).await?;
        let userinfo = match kind {
            Userinfo::Jwt => self.read_signed_userinfo(&answer).await.map_err(|e| of("userinfo", e))?,
            Userinfo::Json | Userinfo::None => answer.json()?,
        };
        // Core 5.3.2: userinfo of another person must not be taken for this one's.
        if userinfo.get("sub").is_none() || userinfo.get("sub") != id_claims.get("sub") {
            return Err(OidcError::refused("userinfo: sub is not that of the ID token"));
        }
        Ok(userinfo)
    }

    /// Such a token needs no `exp` and no `nonce`; what it says about issuer, audience and time must fit.
    async fn read_signed_userinfo(&self, answer: &Answer) -> Result<Map<String, Value>, OidcError> {
        let token = std::str::from_utf8(&answer.body).map_err(|_| OidcError::refused("it is no JWT"))?;
        let verified = self.verified(|keys| verify_attached(token, keys).map_err(TokenError::from)).await?;
        let claims: Map<String, Value> = serde_json::from_slice(&verified.payload)
            .map_err(|_| OidcError::refused("it is no JSON object"))?;
        let ours = |aud: &Value| match aud {
            Value::Array(all) => all.iter().any(|one| one == &json!(self.settings.client_id)),
            one => one == &json!(self.settings.client_id),
        };
        if claims.get("iss").is_some_and(|iss| iss != &json!(self.settings.issuer)) {
            return Err(OidcError::refused("iss is another issuer"));
        }
        if claims.get("aud").is_some_and(|aud| !ours(aud)) {
            return Err(OidcError::refused("aud names another client"));
        }
        let until = self.clock.now().unix_timestamp() - i64::from(LEEWAY);
        if claims.contains_key("exp") && id_token::number(&claims, "exp").is_none_or(|exp| exp <= until) {
            return Err(OidcError::refused("it has expired"));
        }
        Ok(claims)
    }

    pub(super) fn require_claims(&self, signed_in: &SignedIn) -> Result<(), OidcError> {
        let required: &BTreeMap<String, Value> = &self.settings.required_claims;
        let missing = required.iter().find(|(name, wanted)| !fits(signed_in.claim(name), wanted));
        match missing {
            Some((name, _)) => {
                Err(OidcError::Refused(format!("the claim {name} is missing or has another value")))
            }
            None => Ok(()),
        }
    }
}

/// A value fits when it is the wanted one, or one of a wanted list; a list fits when one of its values does.
fn fits(value: Option<&Value>, wanted: &Value) -> bool {
    let one_of = |value: &Value| match wanted {
        Value::Array(all) => all.contains(value),
        one => one == value,
    };
    match value {
        Some(Value::Array(all)) => all.iter().any(one_of),
        Some(one) => one_of(one),
        None => false,
    }
}

fn of(what: &str, error: OidcError) -> OidcError {
    match error {
        OidcError::Refused(why) => OidcError::Refused(format!("{what}: {why}")),
        other => other,
    }
}

/// `invalid_grant` is about this sign-in, anything else about the client.
fn token_error(error: CallError) -> OidcError {
    let CallError::Rejected { body, .. } = &error else { return error.into() };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.get("error").and_then(Value::as_str).unwrap_or_default();
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
    match code {
        "invalid_grant" => OidcError::refused("the provider does not take the code: invalid_grant"),
        code if !code.is_empty() && code.len() <= 40 && code.bytes().all(plain) => {
            OidcError::Misconfigured(format!("token endpoint: {code}"))
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fits;

    #[test]
    fn a_required_claim_must_be_there_and_have_a_wanted_value() {
        for (value, wanted, fit) in [
            (Some(json!("person")), json!("person"), true),
            (Some(json!("person")), json!(["staff", "person"]), true),
            (Some(json!(["a", "person"])), json!("person"), true),
            (Some(json!(true)), json!(true), true),
            (Some(json!("staff")), json!("person"), false),
            (Some(json!("true")), json!(true), false),
            (Some(json!([])), json!("person"), false),
            (Some(json!(null)), json!("person"), false),
            (None, json!("person"), false),
        ] {
            assert_eq!(fits(value.as_ref(), &wanted), fit, "{value:?} {wanted}");
        }
    }
}
