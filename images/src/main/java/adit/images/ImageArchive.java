package adit.images;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;

/// Writes an image as a tar archive, by jib: no daemon, and the same bytes for the same files.
///
/// @param base image to build upon, as jib names them (`name:tag`, `tar://path`), or empty: none
/// @param cache directory of layers
record ImageArchive(String base, Path cache) {
  private static final int WORLD_WRITABLE = 0777;

  /// With an empty cache of layers: jib knows files by name and time, and ours all have one time,
  /// so that it would take a changed file for the one that it knows.
  static ImageArchive fresh(String base, Path cache) throws IOException {
    FileTree.delete(cache.resolve("layers"));
    return new ImageArchive(base, cache);
  }

  /// A layer and its name in the image's history.
  record Layer(String name, FileTree tree) {}

  /// Writes it.
  ///
  /// @param reference hub, name and tag
  /// @param content who runs it, with what arguments
  /// @param files its command and its runtime
  /// @param layers lowest first
  void write(
      Path archive, String reference, ImageContent content, ProgramFiles files, List<Layer> layers)
      throws IOException {
    try {
      JibContainerBuilder builder = base.isEmpty() ? Jib.fromScratch() : Jib.from(base);
      builder
          .setFormat(ImageFormat.Docker)
          .setCreationTime(FileTree.TIME)
          .setUser(content.user())
          .setEntrypoint(files.entryPoint())
          .setProgramArguments(content.arguments())
          .addEnvironmentVariable("PATH", files.javaHome() + "/bin:/usr/sbin:/usr/bin:/sbin:/bin")
          .addEnvironmentVariable("JAVA_HOME", files.javaHome())
          .addLabel("org.opencontainers.image.title", "adit " + content.program());
      for (Layer layer : layers) {
        builder.addFileEntriesLayer(entries(layer));
      }
      builder.containerize(
          Containerizer.to(TarImage.at(archive).named(reference))
              .setToolName("adit")
              .setBaseImageLayersCache(cache.resolve("base"))
              .setApplicationLayersCache(cache.resolve("layers"))
              .setOfflineMode(base.isEmpty()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException(reference + ": interrupted").initCause(e);
    } catch (ExecutionException e) {
      throw new IOException(reference + ": " + e.getCause(), e);
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      // Of the base image: name, registry, cache.
      throw new IOException(reference + ": " + e.getMessage(), e);
    }
  }

  private static FileEntriesLayer entries(Layer layer) throws IOException {
    FileEntriesLayer.Builder entries = FileEntriesLayer.builder().setName(layer.name());
    Path root = layer.tree().root();
    for (Path entry : layer.tree().entries()) {
      AbsoluteUnixPath at = AbsoluteUnixPath.get("/" + root.relativize(entry));
      entries.addEntry(entry, at, permissions(entry, at.toString()), FileTree.TIME);
    }
    return entries.build();
  }

  private static FilePermissions permissions(Path entry, String at) {
    if (at.equals("/tmp")) {
      return FilePermissions.fromOctalString(Integer.toOctalString(WORLD_WRITABLE));
    }
    boolean traversed = Files.isDirectory(entry) || Files.isExecutable(entry);
    return FilePermissions.fromOctalString(traversed ? "755" : "644");
  }
}
