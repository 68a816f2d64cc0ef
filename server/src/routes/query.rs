//! What is asked for behind the `?`, refused with a problem when it cannot be read.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::ApiError;
use crate::state::AppState;

/// The query of a call.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let asked = Query::<T>::from_request_parts(parts, state).await;
        let Query(asked) = asked.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
        Ok(Self(asked))
    }
}

/// How much of a list: what was asked for, at least 1 and at most `most`.
///
/// # Errors
/// When nothing was asked for.
pub fn limit(asked: Option<u32>, most: u32) -> Result<u32, ApiError> {
    match asked.unwrap_or(most) {
        0 => Err(ApiError::invalid(format!("limit is 1 to {most}"))),
        limit => Ok(limit.min(most)),
    }
}
