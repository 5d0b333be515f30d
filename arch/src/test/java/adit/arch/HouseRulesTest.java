package adit.arch;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The rules of ARCHITECTURE.md that a compiler does not know, as rules that fail the build.
final class HouseRulesTest {
  private static final JavaClasses ADIT =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption((Location location) -> !location.contains("/protos/"))
          .importPackages("adit");

  static Stream<ArchRule> rules() {
    return Stream.of(
        slices()
            .matching("adit.(**)")
            .should()
            .beFreeOfCycles()
            .because("data flows one way, so packages can be read one after the other"),
        noClasses()
            .that()
            .resideOutsideOfPackage("adit.linux..")
            .should()
            .dependOnClassesThat(resideInAPackage("java.lang.foreign"))
            .because("what can corrupt memory stands in one module"),
        noClasses()
            .should()
            .haveNameMatching(".*((?<!Trust)Manager|Utils?|Helper|Impl|Info|Common)")
            .because("the name says nothing about what goes in and what comes out"),
        fields().that().areStatic().should().beFinal(),
        classes().that().areRecords().should().haveOnlyFinalFields(),
        programsDoNotKnowEachOther(
            "adit.ztunnel..", "adit.waypoint..", "adit.istiod..", "adit.cni..", "adit.cli.."),
        programsDoNotKnowEachOther(
            "adit.waypoint..", "adit.ztunnel..", "adit.istiod..", "adit.cni..", "adit.cli.."),
        programsDoNotKnowEachOther(
            "adit.istiod..", "adit.ztunnel..", "adit.waypoint..", "adit.cni..", "adit.cli.."),
        programsDoNotKnowEachOther(
            "adit.cni..", "adit.ztunnel..", "adit.waypoint..", "adit.istiod..", "adit.cli.."),
        noClasses()
            .that()
            .resideInAnyPackage(
                "adit.linux..",
                "adit.model..",
                "adit.l7..",
                "adit.hbone..",
                "adit.xds..",
                "adit.proxy..",
                "adit.identity..",
                "adit.telemetry..",
                "adit.source..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("adit.ztunnel..")
                    .or(resideInAPackage("adit.waypoint.."))
                    .or(resideInAPackage("adit.istiod.."))
                    .or(resideInAPackage("adit.cni.."))
                    .or(resideInAPackage("adit.cli..")))
            .because("a library knows nothing of the programs"),
        noClasses()
            .that()
            .resideInAPackage("adit.cni.plugin..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("adit..")
                    .and(JavaClass.Predicates.resideOutsideOfPackage("adit.cni.plugin..")))
            .because("the plugin is started for every pod and brings java.base only"),
        noClasses()
            .that()
            .resideInAnyPackage("adit.model..", "adit.l7..", "adit.istiod.translate..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("io.netty.channel..").or(resideInAPackage("io.grpc..")))
            .because("decisions are pure"));
  }

  private static ArchRule programsDoNotKnowEachOther(String one, String... others) {
    return noClasses()
        .that()
        .resideInAPackage(one)
        .should()
        .dependOnClassesThat(JavaClass.Predicates.resideInAnyPackage(others))
        .because("programs meet on the wire only");
  }

  @ParameterizedTest
  @MethodSource("rules")
  void holds(ArchRule rule) {
    rule.allowEmptyShould(true).check(ADIT);
  }
}
