package adit.hbone;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetSocketAddress;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Why a tunnel could not be opened.
public sealed interface OpenFailure {
  /// One line for a log.
  String describe();

  /// Whether the request may be sent to another endpoint: no program behind the peer can have seen
  /// a byte of the client, and the peer did not decide against it.
  default boolean isSafeToRetry() {
    return true;
  }

  /// Whether the connection went away without a word, before the request was answered. The same
  /// endpoint may be tried again on a new one.
  default boolean isConnectionLost() {
    return false;
  }

  /// The TCP connect took too long: often a NetworkPolicy that blocks the HBONE port.
  ///
  /// @param destination what was dialled
  /// @param limit how long
  record ConnectTimeout(InetSocketAddress destination, Duration limit) implements OpenFailure {
    @Override
    public String describe() {
      return "connection timed out, maybe a NetworkPolicy is blocking HBONE port "
          + destination.getPort();
    }
  }

  /// The TCP connect failed.
  ///
  /// @param destination what was dialled
  /// @param cause the system's answer
  record ConnectRefused(InetSocketAddress destination, Throwable cause) implements OpenFailure {
    @Override
    public String describe() {
      return "connection failed: " + cause.getMessage();
    }
  }

  /// Our certificate or TLS context could not be had.
  ///
  /// @param cause what the identity source says
  record Identity(Throwable cause) implements OpenFailure {
    @Override
    public String describe() {
      return "no certificate: " + cause.getMessage();
    }
  }

  /// The TLS handshake failed, or took too long.
  ///
  /// @param cause what the TLS engine says
  record Tls(Throwable cause) implements OpenFailure {
    @Override
    public String describe() {
      return "tls handshake failed: " + cause.getMessage();
    }

    @Override
    public boolean isConnectionLost() {
      return cause instanceof PeerClosedException;
    }
  }

  /// The server is not one of the expected identities.
  ///
  /// @param cause what the trust manager says
  record PeerIdentity(Throwable cause) implements OpenFailure {
    @Override
    public String describe() {
      return "peer identity not accepted: " + cause.getMessage();
    }
  }

  /// The server answered something else than 200.
  ///
  /// @param code the status
  /// @param refusal the [ConnectAnswer#REFUSAL_HEADER], or null
  record Status(int code, @Nullable String refusal) implements OpenFailure {
    @Override
    public String describe() {
      // With the reason, as the reference's log has it: 401 Unauthorized.
      return "http status: " + HttpResponseStatus.valueOf(code);
    }
  }

  /// The server is going away and did not handle the request.
  ///
  /// @param errorCode HTTP/2 error code of the GOAWAY
  record GoAway(long errorCode) implements OpenFailure {
    @Override
    public String describe() {
      return "connection is going away, http2 error code " + errorCode;
    }
  }

  /// The server reset the stream.
  ///
  /// @param errorCode HTTP/2 error code; 7 (REFUSED_STREAM) says that nothing was done
  record Reset(long errorCode) implements OpenFailure {
    @Override
    public String describe() {
      return "stream reset, http2 error code " + errorCode;
    }

    @Override
    public boolean isSafeToRetry() {
      return errorCode == 7;
    }
  }

  /// The connection broke while the request was under way.
  ///
  /// @param cause why
  record Broken(Throwable cause) implements OpenFailure {
    @Override
    public String describe() {
      return "http2 connection error: " + cause.getMessage();
    }

    /// An error of the protocol that either side found is no accident, and an alert of TLS is an
    /// answer: the peer does not want us.
    @Override
    public boolean isConnectionLost() {
      boolean accident = cause instanceof TunnelException ended && ended.errorCode() < 0;
      for (Throwable next = cause; accident && next != null; next = next.getCause()) {
        accident = !(next instanceof SSLException);
      }
      return accident;
    }
  }

  /// There was no answer in time.
  ///
  /// @param stage what was being waited for
  /// @param limit how long
  record Deadline(String stage, Duration limit) implements OpenFailure {
    @Override
    public String describe() {
      return "no " + stage + " within " + limit.toMillis() + " ms";
    }

    @Override
    public boolean isSafeToRetry() {
      return false;
    }
  }

  /// The pool is at a limit or closed.
  ///
  /// @param reason which
  record Unavailable(String reason) implements OpenFailure {
    @Override
    public String describe() {
      return reason;
    }
  }
}
