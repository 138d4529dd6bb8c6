//! The multipart form of the asynchronous operations: `action`, `fileName` (the file itself), `fileFormat`. A JSON file is the
//! message, and is taken as if it were the body; a CSV or NDJSON file is many items, and is worked on as one by `/mapper/bulk`.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CONTENT_TYPE, HeaderMap},
    web,
};
use futures_util::StreamExt;
use g2p_connect::AckResponse;
use g2p_crypto::Sha256;
use platform::{
    ApiError, PartnerError, SchemaFault, SignedBody,
    clock::rfc3339,
    signed::{AnnouncedUpload, SignedSettings},
};
use utoipa::ToSchema;

use super::{
    bulk::{broke_off, may_be_done, text},
    later::{self, Asked, Refused},
    wire::Dialect,
};
use crate::{
    State,
    app::{
        Caller,
        bulk::{Answered, Upload},
    },
    domain::{Operation, bulk::Format},
};

/// Largest part other than the file.
const MAX_TEXT: usize = 255;
/// How much of a refused body is still read, so that the caller gets to see why it was refused.
const MAX_DRAIN: usize = 64 * 1024 * 1024;

/// A file in a form.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the parts of the form")]
pub(super) struct FileInfo {
    /// The operation: `link`, `update`, `unlink`, `resolve` or `txn-status`.
    action: String,
    /// The file: the message, or its items as CSV or NDJSON.
    #[serde(rename = "fileName")]
    #[schema(value_type = String, format = Binary)]
    file_name: Vec<u8>,
    /// `json` (when absent), `csv` or `ndjson`. Send it before the file.
    #[serde(rename = "fileFormat")]
    file_format: Option<String>,
}

/// A message, or a form with a file.
pub(super) enum Incoming {
    /// JSON.
    Message(Box<SignedBody>),
    /// Nothing of it was read yet.
    Form(Form),
}

/// A form whose parts are still to come.
pub(super) struct Form {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for Incoming {
    type Error = PartnerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PartnerError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = text(request, &CONTENT_TYPE).trim_start();
        if kind.get(..19).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data")) {
            let form = Form { request: request.clone(), payload: payload.take() };
            return Box::pin(std::future::ready(Ok(Self::Form(form))));
        }
        let message = SignedBody::from_request(request, payload);
        Box::pin(async move { Ok(Self::Message(Box::new(message.await?))) })
    }
}

impl Incoming {
    /// The message, where no form is taken.
    pub(super) fn message(self) -> Result<SignedBody, PartnerError> {
        match self {
            Self::Message(signed) => Ok(*signed),
            Self::Form(_) => Err(SchemaFault::rule("", "this operation takes application/json").into()),
        }
    }
}

/// Acknowledges a message, once per message, in whichever form it comes.
pub(super) async fn accept(
    state: &State,
    incoming: Incoming,
    asked: Asked,
    dialect: Dialect,
) -> Result<HttpResponse, PartnerError> {
    let Form { request, payload } = match incoming {
        Incoming::Message(signed) => return later::accept(state, &signed, asked, dialect).await,
        Incoming::Form(form) => form,
    };
    let settings = request.app_data::<web::Data<SignedSettings>>().cloned();
    let settings = settings.ok_or_else(|| ApiError::internal("the server has no partner settings"))?;
    let mut parts = Parts::of(request.headers(), payload);
    let reading = Reading { state, request: &request, settings: &settings, asked, dialect };
    let read = reading.parts(&mut parts).await;
    let body = match read {
        Ok(Whole::Message(bytes)) => {
            let signed = SignedBody::of(&request, bytes.into()).await?;
            return later::accept(state, &signed, asked, dialect).await;
        }
        Ok(Whole::Rows(correlation_id)) => {
            Ok(serde_json::to_value(AckResponse::ack(rfc3339(state.clock.now()), correlation_id.to_string()))
                .map_err(ApiError::internal)?)
        }
        Err(refused) => {
            parts.drain().await;
            Err(refused)
        }
    };
    later::answer(body, dialect, state.clock.now())
}

/// What came in a form.
enum Whole {
    Message(Vec<u8>),
    /// Kept under this correlation id.
    Rows(uuid::Uuid),
}

struct Reading<'a> {
    state: &'a State,
    request: &'a HttpRequest,
    settings: &'a SignedSettings,
    asked: Asked,
    dialect: Dialect,
}

/// The file of a form, while its other parts are read.
enum File {
    Message(Vec<u8>),
    Rows(Box<Upload>, Box<AnnouncedUpload>, Answered),
}

fn wrong(part: &str, rule: &str) -> Refused {
    SchemaFault::rule(part, rule).into()
}

fn broken() -> Refused {
    wrong("", "the body is not multipart/form-data, or it broke off")
}

impl Reading<'_> {
    async fn parts(&self, parts: &mut Parts) -> Result<Whole, Refused> {
        let mut file = None;
        let outcome = self.each(parts, &mut file).await;
        let file = match (outcome, file) {
            (Ok(()), Some(file)) => file,
            (Ok(()), None) => return Err(wrong("fileName", "is missing")),
            (Err(refused), file) => {
                if let Some(File::Rows(upload, ..)) = file {
                    upload.abandon().await;
                }
                return Err(refused);
            }
        };
        match file {
            File::Message(bytes) => Ok(Whole::Message(bytes)),
            File::Rows(upload, announced, answered) => {
                // The closing boundary is part of what was signed.
                if let Err(error) = announced.check_digest(&parts.digest()) {
                    upload.abandon().await;
                    return Err(error.into());
                }
                let caller = caller(&announced);
                let done = upload.finish(&caller, announced.key.as_deref(), Some(answered)).await?;
                Ok(Whole::Rows(done.job_id))
            }
        }
    }

    async fn each(&self, parts: &mut Parts, file: &mut Option<File>) -> Result<(), Refused> {
        let (mut action, mut format) = (None, None);
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(|_| broken())?;
            match part.name().unwrap_or_default() {
                "action" => action = Some(short(&mut part, "action").await?),
                "fileFormat" => {
                    let name = short(&mut part, "fileFormat").await?;
                    let named = Format::parse(&name)
                        .ok_or_else(|| wrong("fileFormat", "must be json, csv or ndjson"))?;
                    let read_as_message = matches!(file, Some(File::Message(_)));
                    if file.is_some() && read_as_message != (named == Format::Json) {
                        return Err(wrong("fileFormat", "must come before fileName"));
                    }
                    format = Some(named);
                }
                "fileName" if file.is_some() => return Err(wrong("fileName", "may be there once")),
                "fileName" => match format.unwrap_or_else(|| guess(&part)) {
                    Format::Json => *file = Some(File::Message(self.message(&mut part).await?)),
                    rows => self.rows(&mut part, rows, file).await?,
                },
                _ => return Err(wrong("", "the parts of the form are action, fileFormat and fileName")),
            }
        }
        match action {
            None => Err(wrong("action", "is missing")),
            Some(action) if action == self.asked.action() => Ok(()),
            Some(_) => {
                Err(wrong("action", &format!("the action of this operation is {}", self.asked.action())))
            }
        }
    }

    async fn message(&self, part: &mut Field) -> Result<Vec<u8>, Refused> {
        let (mut bytes, limit) = (Vec::new(), self.settings.max_body);
        while let Some(piece) = part.next().await {
            let piece = piece.map_err(|_| broken())?;
            if bytes.len() + piece.len() > limit {
                let text =
                    format!("the file is larger than the limit of {limit} bytes; send many items as csv");
                return Err(ApiError::too_large(text).into());
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    async fn rows(&self, part: &mut Field, format: Format, file: &mut Option<File>) -> Result<(), Refused> {
        let Asked::Operation(operation @ (Operation::Link | Operation::Update | Operation::Unlink)) =
            self.asked
        else {
            return Err(wrong("fileFormat", "must be json for this operation"));
        };
        let purpose = format!("bulk {}", operation.as_str());
        let announced = AnnouncedUpload::read(self.request, self.settings, &purpose).await?;
        if announced.needs_whole_body() {
            return Err(ApiError::unauthorized("sign a form with rows by its Content-Digest").into());
        }
        may_be_done(&announced)?;
        let caller = caller(&announced);
        let callback_url = later::callback(&caller, "", self.asked, self.dialect)?;
        let answered = Answered { dialect: self.dialect.as_str(), callback_url };
        let upload = Upload::begin(self.state, &caller, operation, format, false).await?;
        // In its place before the first byte: whatever happens now, it is put away.
        *file = Some(File::Rows(Box::new(upload), Box::new(announced.clone()), answered));
        let Some(File::Rows(upload, ..)) = file else { return Err(broken()) };
        while let Some(piece) = part.next().await {
            upload.push(&piece.map_err(|_| broke_off())?).await?;
        }
        Ok(())
    }
}

fn caller(announced: &AnnouncedUpload) -> Caller<'_> {
    Caller::new(announced.ctx.clone(), &announced.sender, "")
}

/// What the part says of itself, when the form does not.
fn guess(part: &Field) -> Format {
    let by_type = part.content_type().and_then(|kind| Format::of_content_type(kind.essence_str()));
    let name = part.content_disposition().and_then(|disposition| disposition.get_filename());
    let by_name = name.and_then(|name| Format::parse(name.rsplit_once('.')?.1));
    by_type.or(by_name).unwrap_or(Format::Json)
}

async fn short(part: &mut Field, name: &str) -> Result<String, Refused> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.next().await {
        bytes.extend_from_slice(&piece.map_err(|_| broken())?);
        if bytes.len() > MAX_TEXT {
            return Err(wrong(name, "is too long"));
        }
    }
    String::from_utf8(bytes).map(|text| text.trim().to_owned()).map_err(|_| wrong(name, "is not UTF-8"))
}

/// The parts of a body that is hashed as it comes. Asking the parser again after the end or an error would be a panic: this
/// one stays silent.
struct Parts {
    inner: Multipart,
    hash: Rc<RefCell<Sha256>>,
    over: bool,
}

impl Parts {
    fn of(headers: &HeaderMap, payload: Payload) -> Self {
        let hash = Rc::new(RefCell::new(Sha256::default()));
        let seen = Rc::clone(&hash);
        let watched = payload.inspect(move |chunk| {
            if let Ok(bytes) = chunk {
                seen.borrow_mut().update(bytes);
            }
        });
        Self { inner: Multipart::new(headers, watched), hash, over: false }
    }

    async fn next(&mut self) -> Option<Result<Field, MultipartError>> {
        if self.over {
            return None;
        }
        let next = self.inner.next().await;
        self.over = !matches!(next, Some(Ok(_)));
        next
    }

    fn digest(&self) -> [u8; 32] {
        self.hash.borrow().clone().finish()
    }

    /// Reads the rest and throws it away.
    async fn drain(&mut self) {
        let mut read = 0;
        while let Some(Ok(mut part)) = self.next().await {
            while let Some(Ok(piece)) = part.next().await {
                read += piece.len();
                if read > MAX_DRAIN {
                    return;
                }
            }
        }
    }
}
