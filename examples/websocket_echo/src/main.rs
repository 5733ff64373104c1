//! A WebSocket load test: connects, sends messages that the server sends back, and closes. The URL is the param `url` or
//! the variable `TARGET_URL`.

use futures::{SinkExt as _, StreamExt as _};
use heavy_sdk::prelude::*;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

const PROTOCOL: &str = "websocket";

/// Messages sent over each connection.
const MESSAGES: usize = 3;

struct Echo;

impl Runner for Echo {
    async fn run(&self, ctx: &Context) -> Result<()> {
        let url = ctx.param("url").or_else(|| ctx.env("TARGET_URL"));
        let url = url.unwrap_or_else(|| "ws://127.0.0.1:9001/".to_owned());

        let opening = ctx.sample(PROTOCOL, "connect").url(url.clone());
        let mut socket = match connect_async(&url).await {
            Ok((socket, answer)) => {
                opening.status(answer.status().as_u16()).end();
                socket
            }
            Err(error) => return Err(opening.fail("connect", error)),
        };

        for n in 1..=MESSAGES {
            let text = format!("message {n}");
            let sample = ctx
                .sample(PROTOCOL, "echo")
                .url(url.clone())
                .sent(text.len() as u64);
            socket.send(Message::text(&*text)).await?;
            match socket.next().await {
                Some(Ok(Message::Text(echo))) => {
                    ctx.check("the echo is the message", *echo == *text);
                    sample.size(echo.len() as u64).end();
                }
                Some(Ok(Message::Close(frame))) => return Err(closed(sample, frame)),
                Some(Ok(other)) => {
                    return Err(sample.fail(
                        "protocol",
                        Error::msg(format!("expected the echo, received {other:?}")),
                    ));
                }
                Some(Err(error)) => return Err(sample.fail("socket", error)),
                None => return Err(sample.fail("closed", Error::msg("the server is gone"))),
            }
        }

        let closing = ctx.sample(PROTOCOL, "close").url(url);
        let normal = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        socket.close(Some(normal)).await?;
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(Some(frame)) = message {
                closing.status(frame.code.into()).end();
                return Ok(());
            }
        }
        Err(closing.fail("closed", Error::msg("the server did not answer the close")))
    }
}

/// A sample that got a close in place of an answer: its status is the code of the close.
fn closed(sample: Sample<'_>, frame: Option<CloseFrame>) -> Error {
    let (code, reason) = frame.map_or((CloseCode::Status, "".into()), |frame| (frame.code, frame.reason));
    sample.status(code.into()).fail(
        "closed",
        Error::msg(format!("closed by the server: {code} {reason}")),
    )
}

fn main() -> ExitCode {
    heavy_sdk::serve(Server::new(Echo))
}
