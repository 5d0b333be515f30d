package adit.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.Socket;

/// What a server does with one connection; it is closed afterwards.
@FunctionalInterface
public interface Conversation {
  /// Talks; runs on a thread of its own.
  void with(Socket client) throws IOException;

  /// Sends back what comes, until the client ends its direction.
  static Conversation echo() {
    return client -> client.getInputStream().transferTo(client.getOutputStream());
  }

  /// Says `text`, then sends back what comes.
  static Conversation greeting(String text) {
    return client -> {
      client.getOutputStream().write(text.getBytes(UTF_8));
      echo().with(client);
    };
  }

  /// Reads everything and answers with its number of bytes, in decimal.
  static Conversation counting() {
    return client -> {
      long bytes = client.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
      client.getOutputStream().write(Long.toString(bytes).getBytes(UTF_8));
    };
  }
}
