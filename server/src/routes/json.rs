//! JSON bodies, refused with a problem when they cannot be read.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::ApiError;
use crate::state::AppState;

/// The body of a call: an object, never the bare list of its values that serde would take too.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let Json(fields) = Json::<Map<String, Value>>::from_request(request, state).await?;
        let body = serde_json::from_value(Value::Object(fields));
        body.map(Self).map_err(|error| ApiError::RequestInvalid {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            detail: error.to_string(),
        })
    }
}
