package adit.istiod.validate;

import adit.istiod.l7.L7Check;
import adit.istiod.translate.MeshSettings;
import adit.istiod.translate.Translated;
import adit.istiod.translate.Translator;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.Finding;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import adit.source.object.ObjectReader.Reading;
import adit.source.object.Problem;
import adit.telemetry.AdminRequest;
import adit.telemetry.AdminResponse;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Answers the API server's admission reviews (`admission.k8s.io/v1`): refuses what would not be
/// used, naming object, field, value and expectation, and warns of what is used only in part.
///
/// A change that leaves the spec as it is, and one of an object that is being deleted, is let
/// through: what is wrong already must not keep anybody from removing a finalizer.
public final class Validator {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectReader READER = new ObjectReader(Origin.REVIEW, new L7Check());
  private static final int UNPROCESSABLE = 422;

  private final MeshSettings mesh;

  public Validator(MeshSettings mesh) {
    this.mesh = mesh;
  }

  /// The route `/validate`.
  public AdminResponse route(AdminRequest request) {
    JsonNode review;
    try {
      review = JSON.readTree(request.body());
    } catch (JsonProcessingException e) {
      return AdminResponse.text(400, "body: " + e.getOriginalMessage() + " (expected: JSON)\n");
    }
    JsonNode asked = review.path("request");
    if (!asked.path("uid").isTextual()) {
      return AdminResponse.text(400, "request.uid: missing (expected: an AdmissionReview)\n");
    }
    ObjectNode answer =
        JSON.createObjectNode()
            .put("apiVersion", "admission.k8s.io/v1")
            .put("kind", "AdmissionReview");
    answer.set("response", response(asked));
    return AdminResponse.json(answer.toString());
  }

  private ObjectNode response(JsonNode request) {
    ObjectNode response = JSON.createObjectNode().put("uid", request.path("uid").asText());
    JsonNode object = request.path("object");
    Reading reading = READER.read(object);
    List<String> errors =
        new ArrayList<>(
            reading.findings().stream()
                .filter(finding -> finding.severity() == Problem.Severity.ERROR)
                .map(Validator::text)
                .toList());
    if (reading.object() instanceof AuthorizationPolicy policy) {
      String refusal = L7Check.refusal(policy);
      if (!refusal.isEmpty()) {
        errors.add(refusal);
      }
    }
    boolean allowed = errors.isEmpty() || isLeftAsItIs(request);
    response.put("allowed", allowed);
    if (!allowed) {
      response
          .putObject("status")
          .put("code", UNPROCESSABLE)
          .put("reason", "Invalid")
          .put("message", name(object) + ": " + String.join("; ", errors));
    }
    warn(response, reading, allowed);
    return response;
  }

  private void warn(ObjectNode response, Reading reading, boolean allowed) {
    var warnings = JSON.createArrayNode();
    for (Finding finding : reading.findings()) {
      if (allowed || finding.severity() == Problem.Severity.WARNING) {
        warnings.add(text(finding));
      }
    }
    if (reading.object() instanceof AuthorizationPolicy policy) {
      Translated.@Nullable PolicyReport report = Translator.reportOrNull(policy, mesh);
      if (report != null && !report.whole()) {
        warnings.add(report.message());
      }
    }
    if (!warnings.isEmpty()) {
      response.set("warnings", warnings);
    }
  }

  private static boolean isLeftAsItIs(JsonNode request) {
    JsonNode object = request.path("object");
    return request.path("operation").asText().equals("UPDATE")
        && (object.path("metadata").hasNonNull("deletionTimestamp")
            || object.path("spec").equals(request.path("oldObject").path("spec")));
  }

  private static String name(JsonNode object) {
    JsonNode meta = object.path("metadata");
    return object.path("kind").asText()
        + " "
        + meta.path("namespace").asText()
        + "/"
        + meta.path("name").asText();
  }

  private static String text(Finding finding) {
    return (finding.field().isEmpty() ? "" : finding.field() + ": ")
        + finding.value()
        + " (expected: "
        + finding.expected()
        + ")";
  }
}
