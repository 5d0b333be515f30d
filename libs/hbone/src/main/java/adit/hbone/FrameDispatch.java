package adit.hbone;

import adit.hbone.wire.ConnectionError;
import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.FrameSink;
import adit.hbone.wire.Frames;
import adit.hbone.wire.HeaderReader;
import adit.hbone.wire.PeerSettings;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/// Brings each frame of a [Link]'s peer to its stream, and answers what concerns no stream.
final class FrameDispatch implements FrameSink {
  private final Link link;
  private final LinkStreams streams;
  private final Guard guard;
  private final HeaderReader headerReader;
  private boolean greeted;

  FrameDispatch(Link link, Guard guard, int maxHeaderList) {
    this.link = link;
    this.streams = link.streams();
    this.guard = guard;
    this.headerReader = new HeaderReader(maxHeaderList);
  }

  @Override
  public void data(int id, ByteBuf bytes, boolean endStream) throws ConnectionError {
    int size = bytes.readableBytes();
    TunnelStream stream = streams.get(id);
    if (stream == null || stream.isInputEnded()) {
      bytes.release();
      received(size);
      link.consumed(size);
      lateFrame(id);
      return;
    }
    if (size == 0) {
      bytes.release();
    } else {
      receivedOrRelease(bytes, size);
      if (!stream.received(bytes)) {
        streamError(id, ErrorCode.FLOW_CONTROL_ERROR, "stream window exceeded");
        return;
      }
      streams.touch(stream);
      link.credit();
    }
    if (endStream) {
      stream.inputEnded();
    }
  }

  private void received(int size) throws ConnectionError {
    link.inflow().received(size);
  }

  private void receivedOrRelease(ByteBuf bytes, int size) throws ConnectionError {
    try {
      received(size);
    } catch (ConnectionError e) {
      bytes.release();
      throw e;
    }
  }

  @Override
  public void padding(int id, int bytes) throws ConnectionError {
    received(bytes);
    TunnelStream stream = streams.get(id);
    if (stream == null) {
      link.consumed(bytes);
    } else {
      stream.padded(bytes);
    }
  }

  /// A frame for a stream that is not open: ignored when the peer could not know, an error when it
  /// did.
  private void lateFrame(int id) throws ConnectionError {
    if (streams.isIdle(id)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "frame on a stream that was not opened");
    }
    if (!streams.wasReset(id)) {
      streamError(id, ErrorCode.STREAM_CLOSED, "frame on a stream that has ended");
    }
  }

  @Override
  public void headers(int id, ByteBuf block, boolean endStream) throws ConnectionError {
    // Always read, or the table would be lost.
    HeaderReader.Block read = headerReader.read(id, block);
    TunnelStream stream = streams.get(id);
    if (stream == null) {
      firstHeaders(id, read, endStream);
      return;
    }
    if (stream.isInputEnded()) {
      streamError(id, ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
      return;
    }
    Answers waiting = link.isServer() ? null : stream.takeAnswers();
    if (waiting == null) {
      trailers(stream, read, endStream);
    } else {
      answer(stream, waiting, read, endStream);
    }
  }

  private void firstHeaders(int id, HeaderReader.Block read, boolean endStream)
      throws ConnectionError {
    if (!link.isServer()) {
      if (streams.isIdle(id)) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "HEADERS on a stream of nobody");
      }
      guard.noise();
      return;
    }
    TunnelStream stream = streams.openPeers(id);
    if (stream == null) {
      guard.noise();
      return;
    }
    if (streams.size() > link.settings().maxStreams()) {
      streamError(id, ErrorCode.REFUSED_STREAM, "too many streams");
      return;
    }
    if (endStream) {
      stream.inputEnded();
    }
    streams.request(stream, read);
  }

  private void trailers(TunnelStream stream, HeaderReader.Block read, boolean endStream)
      throws ConnectionError {
    boolean legal =
        endStream
            && !(read instanceof HeaderReader.Block.Malformed)
            && !(read instanceof HeaderReader.Block.Fields fields && hasPseudo(fields.headers()));
    if (legal) {
      stream.inputEnded();
      streams.touch(stream);
    } else {
      streamError(stream.id(), ErrorCode.PROTOCOL_ERROR, "malformed trailers");
    }
  }

  private static boolean hasPseudo(Http2Headers headers) {
    for (CharSequence name : headers.names()) {
      if (Http2Headers.PseudoHeaderName.hasPseudoHeaderFormat(name)) {
        return true;
      }
    }
    return false;
  }

  private void answer(
      TunnelStream stream, Answers waiting, HeaderReader.Block read, boolean endStream)
      throws ConnectionError {
    int status = read instanceof HeaderReader.Block.Fields fields ? status(fields.headers()) : -1;
    if (!(read instanceof HeaderReader.Block.Fields fields) || status < 100) {
      stream.await(waiting);
      streamError(stream.id(), ErrorCode.PROTOCOL_ERROR, "malformed response headers");
      return;
    }
    if (status < 200 && !endStream) {
      // An interim answer; the real one follows.
      guard.noise();
      stream.await(waiting);
      return;
    }
    ConnectAnswer answer =
        new ConnectAnswer(
            status,
            text(fields.headers(), "baggage"),
            text(fields.headers(), ConnectAnswer.REFUSAL_HEADER));
    stream.answered(answer);
    if (endStream) {
      stream.inputEnded();
    }
    waiting.answered(stream, answer);
  }

  private static int status(Http2Headers headers) {
    CharSequence status = headers.status();
    if (status == null || status.length() != 3) {
      return -1;
    }
    int value = 0;
    for (int i = 0; i < 3; i++) {
      int digit = status.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /// A header's value; null when there is none, or when it is longer than anybody needs.
  static @Nullable String text(Http2Headers headers, String name) {
    CharSequence value = headers.get(AsciiString.of(name));
    return value == null || value.length() > ConnectHead.MAX_VALUE ? null : value.toString();
  }

  @Override
  public void reset(int id, int code) throws ConnectionError {
    TunnelStream stream = streams.get(id);
    if (stream == null) {
      if (streams.isIdle(id)) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "RST_STREAM on a stream of nobody");
      }
      // Usual: both ends may end a stream at the same time.
      guard.update();
      return;
    }
    if (link.isServer() && stream.answer().status() == 0) {
      guard.abandonedRequest();
    }
    boolean asEnd = code == ErrorCode.NO_ERROR || code == ErrorCode.CANCEL;
    streams.remove(
        stream,
        asEnd ? null : new TunnelException(code, "stream reset by peer, error code " + code),
        new OpenFailure.Reset(code));
  }

  @Override
  public void settings(PeerSettings settings) throws ConnectionError {
    guard.settings();
    Outflow out = link.out();
    if (settings.maxFrame() > 0) {
      out.maxFrame(settings.maxFrame());
    }
    if (settings.maxStreams() >= 0) {
      streams.peerMaxStreams(settings.maxStreams());
    }
    out.control(Frames.settingsAck(out.alloc()));
    if (settings.initialWindow() >= 0) {
      out.streamWindow(settings.initialWindow(), streams.all());
    }
    if (!greeted || settings.maxStreams() >= 0) {
      greeted = true;
      link.capacityChanged();
    }
  }

  @Override
  public void settingsAck() throws ConnectionError {
    guard.settings();
  }

  @Override
  public void ping(long data, boolean ack) throws ConnectionError {
    guard.ping();
    if (ack) {
      link.pong(data);
    } else {
      link.out().control(Frames.ping(link.out().alloc(), data, true));
    }
  }

  @Override
  public void goAway(int lastStream, int code) throws ConnectionError {
    guard.noise();
    streams.peerGoesAway(lastStream, code);
  }

  @Override
  public void windowUpdate(int id, int increment) throws ConnectionError {
    guard.update();
    if (id == 0) {
      link.out().widen(increment);
      return;
    }
    TunnelStream stream = streams.get(id);
    if (stream == null) {
      if (streams.isIdle(id)) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE on a stream of nobody");
      }
      return;
    }
    if (!stream.widen(increment)) {
      streamError(id, ErrorCode.FLOW_CONTROL_ERROR, "stream window too large");
      return;
    }
    link.out().wake(stream);
    link.out().drain();
  }

  @Override
  public void streamError(int id, int code, String message) throws ConnectionError {
    guard.error();
    streams.rememberReset(id);
    link.out().control(Frames.reset(link.out().alloc(), id, code));
    TunnelStream stream = streams.get(id);
    if (stream != null) {
      streams.remove(stream, new TunnelException(code, message), new OpenFailure.Reset(code));
    }
  }

  @Override
  public void noise() throws ConnectionError {
    guard.noise();
  }
}
