package adit.samples.bookshop;

import java.io.IOException;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a role answers.
@FunctionalInterface
interface Page {
  /// In every answer, so that a look at the wire shows whether payloads can be read there.
  String MARKER = "BOOKSHOP-MARKER-7c1e";

  int TIMEOUT_MILLIS = 15_000;

  /// The text of one answer.
  ///
  /// @throws IOException another service could not be asked; the message says which and why
  String render() throws IOException;

  /// The page of a role, or null when there is no such role.
  static @Nullable Page ofRoleOrNull(String role, Map<String, String> environment) {
    String version = environment.getOrDefault("VERSION", "v1");
    return switch (role) {
      case "web" -> web(environment);
      case "details" ->
          () -> "{\"title\":\"The Comedy of Errors\",\"pages\":200,\"marker\":\"" + MARKER + "\"}";
      case "reviews" -> reviews(version, environment);
      case "ratings" ->
          () -> "{\"stars\":{\"Reviewer1\":5,\"Reviewer2\":4},\"marker\":\"" + MARKER + "\"}";
      default -> null;
    };
  }

  private static Page web(Map<String, String> environment) {
    URI details = service(environment, "DETAILS_URL", "http://details:8080/");
    URI reviews = service(environment, "REVIEWS_URL", "http://reviews:8080/");
    return () ->
        "{\"shop\":\""
            + MARKER
            + "\",\"details\":"
            + ask("details", details)
            + ",\"reviews\":"
            + ask("reviews", reviews)
            + "}";
  }

  /// v1 shows no stars; v2 black ones, v3 red ones.
  private static Page reviews(String version, Map<String, String> environment) {
    URI ratings = service(environment, "RATINGS_URL", "http://ratings:8080/");
    return switch (version) {
      case "v1" -> () -> review(version, "none", "null");
      case "v2" -> () -> review(version, "black", ask("ratings", ratings));
      default -> () -> review(version, "red", ask("ratings", ratings));
    };
  }

  private static String review(String version, String colour, String stars) {
    return String.format(
        Locale.ROOT,
        "{\"version\":\"%s\",\"text\":\"An extremely entertaining play. %s\",\"colour\":\"%s\",\"ratings\":%s}",
        version,
        MARKER,
        colour,
        stars);
  }

  private static String ask(String name, URI uri) throws IOException {
    HttpConnection.Answer answer;
    try {
      answer = HttpConnection.get(uri, TIMEOUT_MILLIS);
    } catch (IOException e) {
      throw new IOException(name + ": " + e.getMessage(), e);
    }
    if (!answer.good()) {
      throw new IOException(name + ": status " + answer.status() + ": " + answer.body().strip());
    }
    return answer.body().strip();
  }

  private static URI service(Map<String, String> environment, String name, String otherwise) {
    return URI.create(environment.getOrDefault(name, otherwise));
  }
}
