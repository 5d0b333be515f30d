package adit.samples.bookshop;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.TimeUnit;

/// `client get`: one request, or a few in a row, for a person to look at. A line for each.
final class OneRequest {
  private OneRequest() {}

  static int run(Arguments arguments) {
    boolean good = true;
    for (int i = arguments.number("times", 1); i > 0; i--) {
      good &= ask(arguments);
    }
    return good ? 0 : 1;
  }

  private static boolean ask(Arguments arguments) {
    long start = System.nanoTime();
    try {
      HttpConnection.Answer answer =
          HttpConnection.ask(
              arguments.text("method", "GET"),
              URI.create(arguments.target()),
              arguments.text("header", ""),
              arguments.number("timeout", 20_000));
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      Output.line(answer.status() + " in " + millis + " ms: " + answer.body().strip());
      return answer.good();
    } catch (IOException e) {
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      Output.line("failed in " + millis + " ms: " + RequestLoop.reason(e));
      return false;
    }
  }
}
