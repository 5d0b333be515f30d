package adit.waypoint.message;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.Iterator;
import java.util.Map;

/// Headers between HTTP/2's form and ours. What HTTP/2 has validated is not validated again.
public final class Http2Heads {
  private static final DefaultHttpHeadersFactory FACTORY =
      DefaultHttpHeadersFactory.headersFactory().withValidation(false);

  private Http2Heads() {}

  /// An empty set of headers.
  public static HttpHeaders empty() {
    return FACTORY.newHeaders();
  }

  /// All but the pseudo-headers. Several cookie fields become one (RFC 9113 section 8.2.3).
  public static HttpHeaders fromHttp2(Http2Headers headers) {
    HttpHeaders plain = FACTORY.newHeaders();
    StringBuilder cookies = null;
    for (Map.Entry<CharSequence, CharSequence> header : headers) {
      CharSequence name = header.getKey();
      if (name.length() == 0 || name.charAt(0) == ':') {
        continue;
      }
      if (HttpHeaderNames.COOKIE.contentEquals(name)) {
        if (cookies == null) {
          cookies = new StringBuilder(header.getValue());
        } else {
          cookies.append("; ").append(header.getValue());
        }
      } else {
        plain.add(name, header.getValue().toString());
      }
    }
    if (cookies != null) {
      plain.set(HttpHeaderNames.COOKIE, cookies.toString());
    }
    return plain;
  }

  /// Adds headers in lower case, without those that HTTP/2 has no use for.
  public static Http2Headers addTo(Http2Headers out, HttpHeaders headers) {
    for (Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
        all.hasNext(); ) {
      Map.Entry<CharSequence, CharSequence> header = all.next();
      AsciiString name = AsciiString.of(header.getKey()).toLowerCase();
      out.add(name, header.getValue());
    }
    return out;
  }

  /// The head of a request.
  public static Http2Headers request(RequestMessage head) {
    Http2Headers out = new DefaultHttp2Headers(false, head.headers().size() + 4);
    out.method(head.method());
    out.scheme(head.scheme());
    out.path(head.target());
    if (!head.authority().isEmpty()) {
      out.authority(head.authority());
    }
    HopHeaders.remove(head.headers());
    return addTo(out, head.headers());
  }

  /// The head of a response.
  public static Http2Headers response(int status, HttpHeaders headers) {
    Http2Headers out = new DefaultHttp2Headers(false, headers.size() + 1);
    out.status(AsciiString.of(Integer.toString(status)));
    HopHeaders.remove(headers);
    return addTo(out, headers);
  }

  /// Trailers.
  public static Http2Headers trailers(HttpHeaders trailers) {
    return addTo(new DefaultHttp2Headers(false, trailers.size()), trailers);
  }
}
