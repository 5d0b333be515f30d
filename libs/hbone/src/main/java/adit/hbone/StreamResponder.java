package adit.hbone;

import adit.hbone.wire.ErrorCode;
import org.jspecify.annotations.Nullable;

/// Answers the request of one [TunnelStream].
final class StreamResponder implements Responder {
  private final Link link;
  private final TunnelStream stream;
  private boolean used;

  StreamResponder(Link link, TunnelStream stream) {
    this.link = link;
    this.stream = stream;
  }

  @Override
  public Tunnel accept(@Nullable String baggage) {
    use();
    stream.answered(new ConnectAnswer(200, baggage, null));
    if (!stream.isClosed()) {
      link.headers(
          stream,
          false,
          block -> {
            block.status(200);
            if (baggage != null) {
              block.field("baggage", baggage);
            }
          });
    }
    return stream;
  }

  @Override
  public void refuse(int status, @Nullable String refusal) {
    use();
    stream.answered(new ConnectAnswer(status, null, refusal));
    if (stream.isClosed()) {
      return;
    }
    link.headers(
        stream,
        true,
        block -> {
          block.status(status);
          if (refusal != null) {
            block.field(ConnectAnswer.REFUSAL_HEADER, refusal);
          }
        });
    if (!stream.isClosed()) {
      // The client has not ended its side and need not any more.
      link.resetStream(stream, ErrorCode.NO_ERROR);
    }
  }

  @Override
  public void onCancelled(Runnable action) {
    stream.onCancelled(action);
  }

  private void use() {
    if (used) {
      throw new IllegalStateException("request: answered already");
    }
    used = true;
  }
}
