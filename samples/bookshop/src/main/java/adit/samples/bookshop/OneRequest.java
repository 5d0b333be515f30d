package adit.samples.bookshop;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.TimeUnit;

/// `client get`: one request, for a person to look at.
final class OneRequest {
  private OneRequest() {}

  static int run(Arguments arguments) {
    URI uri = URI.create(arguments.target());
    long start = System.nanoTime();
    try {
      HttpConnection.Answer answer = HttpConnection.get(uri, arguments.number("timeout", 20_000));
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      Output.line(answer.status() + " in " + millis + " ms: " + answer.body().strip());
      return answer.good() ? 0 : 1;
    } catch (IOException e) {
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      Output.line("failed in " + millis + " ms: " + RequestLoop.reason(e));
      return 1;
    }
  }
}
