package adit.scenarios;

import static java.nio.charset.StandardCharsets.US_ASCII;

import adit.identity.CertificateChain;
import adit.linux.Netns;
import adit.testkit.TcpClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// A peer on port 15008 that says what a test says: TLS of the JDK, frames by hand, header blocks
/// by Netty's codec. Nothing of the proxy's own code, so that no mistake is shared.
final class RawPeer implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int GOAWAY = 7;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;

  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);
  private static final int HBONE = 15008;
  private static final int ACK = 1;
  private static final char[] NO_PASSWORD = {};

  private final SSLSocket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder();
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);

  /// A frame that came.
  record Frame(int type, int flags, int stream, ByteBuf payload) {
    /// Error code of a reset or a GOAWAY.
    int code() {
      return payload.getInt(type == GOAWAY ? 4 : 0);
    }
  }

  private RawPeer(SSLSocket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
    this.out = new DataOutputStream(socket.getOutputStream());
  }

  /// A TLS connection to a pod's proxy, after the handshake.
  ///
  /// @param own whom to be; null shows no certificate
  /// @param roots whom to trust
  static RawPeer connect(
      Netns from,
      InetSocketAddress pod,
      @Nullable CertificateChain own,
      List<X509Certificate> roots)
      throws IOException, GeneralSecurityException {
    InetSocketAddress proxy = new InetSocketAddress(pod.getAddress(), HBONE);
    Socket plain = new TcpClient(from, Mesh.SOON).connect(proxy);
    SSLSocket socket =
        (SSLSocket)
            context(own, roots)
                .getSocketFactory()
                .createSocket(plain, pod.getAddress().getHostAddress(), HBONE, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
    try {
      socket.startHandshake();
      return new RawPeer(socket);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /// TLS of the JDK with one certificate and given roots; whoever they prove is accepted.
  static SSLContext context(@Nullable CertificateChain own, List<X509Certificate> roots)
      throws GeneralSecurityException, IOException {
    KeyManager[] keys = {};
    if (own != null) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, NO_PASSWORD);
      X509Certificate[] presented = own.presented().toArray(X509Certificate[]::new);
      store.setKeyEntry("own", own.key(), NO_PASSWORD, presented);
      KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
      factory.init(store, NO_PASSWORD);
      keys = factory.getKeyManagers();
    }
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, NO_PASSWORD);
    for (X509Certificate root : roots) {
      trusted.setCertificateEntry(root.getSerialNumber().toString(), root);
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keys, trust.getTrustManagers(), null);
    return context;
  }

  /// Says hello, as every HTTP/2 client does first.
  RawPeer greet() throws IOException {
    out.write(PREFACE);
    return frame(SETTINGS, 0, 0, new byte[0]);
  }

  /// Any bytes.
  RawPeer send(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
    return this;
  }

  /// Any frame.
  RawPeer frame(int type, int flags, int stream, byte[] payload) throws IOException {
    out.writeShort(payload.length >> 8);
    out.writeByte(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    return send(payload);
  }

  /// A header block as one frame.
  RawPeer headers(int stream, int flags, Http2Headers headers) throws IOException {
    return frame(HEADERS, flags | END_HEADERS, stream, block(stream, headers));
  }

  byte[] block(int stream, Http2Headers headers) throws IOException {
    ByteBuf block = Unpooled.buffer();
    try {
      encoder.encodeHeaders(stream, headers, block);
    } catch (Http2Exception e) {
      throw new IOException(e);
    }
    byte[] bytes = new byte[block.readableBytes()];
    block.readBytes(bytes);
    return bytes;
  }

  static Http2Headers connectTo(String authority) {
    return new DefaultHttp2Headers(false).method("CONNECT").authority(authority);
  }

  /// Opens a tunnel and returns the answer's headers.
  Http2Headers connect(int stream, String authority) throws IOException {
    headers(stream, 0, connectTo(authority));
    return answer(stream);
  }

  /// Headers of the answer on a stream.
  Http2Headers answer(int stream) throws IOException {
    Frame frame = next();
    while (frame.type() != HEADERS || frame.stream() != stream) {
      boolean reset = frame.type() == RST_STREAM && frame.stream() == stream;
      if (frame.type() == GOAWAY || reset) {
        throw new IOException("frame: " + frame + " code " + frame.code() + " (expected: HEADERS)");
      }
      frame = next();
    }
    try {
      return decoder.decodeHeaders(stream, frame.payload());
    } catch (Http2Exception e) {
      throw new IOException(e);
    }
  }

  /// The next frame of a type.
  Frame await(int type) throws IOException {
    Frame frame = next();
    while (frame.type() != type) {
      frame = next();
    }
    return frame;
  }

  /// The next frame; what must be answered is. Throws `EOFException` at the end.
  private Frame next() throws IOException {
    int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int stream = in.readInt();
    byte[] payload = in.readNBytes(length);
    if (type == SETTINGS && (flags & ACK) == 0) {
      frame(SETTINGS, ACK, 0, new byte[0]);
    }
    return new Frame(type, flags, stream, Unpooled.wrappedBuffer(payload));
  }

  /// Whether the proxy ends the connection within the timeout, whatever it says before.
  boolean isEnded() throws IOException {
    try {
      while (in.read() >= 0) {
        // What it says before is not of interest.
      }
      return true;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
