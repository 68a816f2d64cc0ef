//! Who calls, as far as an address tells.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::address::{self, Network};
use crate::problem::ApiError;
use crate::state::AppState;

/// Where a call comes from.
pub struct Caller(pub Network);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::internal("the connection has no peer address"))?;
        let forwarded = forwarded_for(&parts.headers);
        let address = address::client(peer.ip(), &forwarded, &state.config.trusted_proxies);
        Ok(Self(Network::of(address)))
    }
}

/// The header may come several times: together they are one list.
fn forwarded_for(headers: &HeaderMap) -> String {
    let values = headers.get_all("x-forwarded-for").iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}
