package adit.waypoint.flow;

import adit.hbone.RelayResult;
import adit.waypoint.authorize.HeaderEdits;
import adit.waypoint.message.ResponseSink;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// A client whose answer gets other headers, whoever gives it.
///
/// @param edits of the final head
record EditedAnswers(ResponseSink to, HeaderEdits edits) implements ResponseSink {
  @Override
  public EventLoop eventLoop() {
    return to.eventLoop();
  }

  @Override
  public void informational(int status, HttpHeaders headers) {
    to.informational(status, headers);
  }

  @Override
  public void head(int status, HttpHeaders headers, boolean end) {
    edits.apply(headers);
    to.head(status, headers, end);
  }

  @Override
  public void data(ByteBuf bytes) {
    to.data(bytes);
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    to.end(trailers);
  }

  @Override
  public void abort() {
    to.abort();
  }

  @Override
  public void flush() {
    to.flush();
  }

  @Override
  public boolean isWritable() {
    return to.isWritable();
  }

  @Override
  public void read(boolean wanted) {
    to.read(wanted);
  }

  @Override
  public @Nullable Future<RelayResult> join(int status, HttpHeaders headers, Channel backend) {
    edits.apply(headers);
    return to.join(status, headers, backend);
  }
}
