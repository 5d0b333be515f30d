package adit.waypoint.authorize;

import adit.l7.ExternalAuthorizer.HeaderNames;
import adit.l7.ExternalAuthorizer.Protocol;
import adit.waypoint.authorize.HeaderEdits.Edit;
import adit.waypoint.authorize.HeaderEdits.How;
import adit.waypoint.authorize.HeaderEdits.NotHttp;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.WholeAnswer;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Authorizers of HTTP: they get the request, without its body or with its beginning, and 200 lets
/// it pass. Source: `envoyExtAuthzHttp` of the mesh's settings.
public final class HttpCheck {
  private static final int OK = 200;
  private static final int SERVER_ERROR = 500;

  /// What they see in any case, beside method, path and host.
  private static final HeaderNames ALWAYS = new HeaderNames(List.of("authorization"));

  /// What clients see of any refusal.
  private static final HeaderNames OF_REFUSALS =
      new HeaderNames(List.of("www-authenticate", "location"));

  private HttpCheck() {}

  /// The question's head; the length of a body is for the sender to say.
  public static RequestMessage head(Protocol.Http how, RequestMessage request, Question question) {
    HttpHeaders headers = Http2Heads.empty();
    request
        .headers()
        .forEach(header -> {
          String name = header.getKey().toLowerCase(Locale.ROOT);
          if (HeaderEdits.isTheirs(name) && (ALWAYS.has(name) || how.asked().has(name))) {
            headers.add(name, header.getValue());
          }
        });
    how.additional().forEach((name, value) -> headers.set(name.toLowerCase(Locale.ROOT), value));
    Question.Shown body = question.body();
    if (body != null) {
      headers.set(Question.PARTIAL, Boolean.toString(body.partial()));
    }
    return new RequestMessage(
        request.method(),
        request.scheme(),
        request.authority(),
        how.pathPrefix() + request.target(),
        headers,
        RequestMessage.Kind.PLAIN,
        "HTTP/1.1");
  }

  /// What the answer means.
  public static Opinion opinion(Protocol.Http how, WholeAnswer.Answered answer) {
    if (answer.status() >= SERVER_ERROR) {
      return new Opinion.Unknown("status " + answer.status());
    }
    try {
      if (answer.status() == OK) {
        return new Opinion.Allowed(
            new HeaderEdits(chosen(answer.headers(), how.upstream(), How.SET), List.of()),
            QueryEdits.NONE,
            new HeaderEdits(chosen(answer.headers(), how.downstreamOnAllow(), How.SET), List.of()));
      }
      HttpHeaders headers = Http2Heads.empty();
      for (Map.Entry<String, String> header : answer.headers()) {
        String name = HeaderEdits.name(header.getKey());
        if (HeaderEdits.isTheirs(name)
            && (how.downstreamOnDeny().isEmpty()
                || how.downstreamOnDeny().has(name)
                || OF_REFUSALS.has(name))) {
          headers.add(name, HeaderEdits.value(header.getValue()));
        }
      }
      return new Opinion.Denied(answer.status(), headers, answer.body());
    } catch (NotHttp e) {
      return new Opinion.Unknown("malformed answer: " + e.getMessage());
    }
  }

  /// Several values of one name replace those of the request together.
  private static List<Edit> chosen(HttpHeaders headers, HeaderNames names, How first)
      throws NotHttp {
    List<Edit> edits = new ArrayList<>();
    for (Map.Entry<String, String> header : headers) {
      String name = HeaderEdits.name(header.getKey());
      if (names.has(name)) {
        boolean more = edits.stream().anyMatch(edit -> edit.name().equals(name));
        edits.add(new Edit(name, HeaderEdits.value(header.getValue()), more ? How.APPEND : first));
      }
    }
    return edits;
  }
}
