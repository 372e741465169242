using System.Globalization;

namespace Tunnel.Shared.Hosting;

/// <summary>A file that is there while a service runs: one that is there already at the start tells of a run that was cut off.</summary>
/// <param name="stateDir">The service's state.</param>
/// <param name="fileName">The file's name there.</param>
public sealed class RunMarker(string stateDir, string fileName = RunMarker.FileName)
{
    /// <summary>The file of a service that has its state directory for itself.</summary>
    public const string FileName = "running";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path = Path.Combine(stateDir, fileName);

    /// <summary>Puts the marker there.</summary>
    /// <param name="now">The start of this run.</param>
    /// <param name="previousStart">When the run began that was cut off; null when it is not known.</param>
    /// <returns>True when the last run was cut off.</returns>
    /// <exception cref="OperatorException">The state directory can't be written.</exception>
    public bool Set(DateTimeOffset now, out DateTimeOffset? previousStart)
    {
        try
        {
            MakeDirectory();
            var found = File.Exists(_path) ? File.ReadAllText(_path) : null;
            previousStart = DateTimeOffset.TryParse(found, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start) ? start : null;
            // What a crash left behind may have other rights.
            File.Delete(_path);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = OwnerOnly };
            using var file = new FileStream(_path, options);
            using var text = new StreamWriter(file);
            text.Write(now.ToString("O", CultureInfo.InvariantCulture));
            text.Flush();
            file.Flush(flushToDisk: true);
            return found is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"stateDir '{stateDir}': {e.Message} Valid: a directory that the service can write.", e);
        }
    }

    /// <summary>Takes it away: the run ended in order.</summary>
    public void Clear()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start will take this run for a cut-off one, which does no harm.
        }
    }

    private void MakeDirectory()
    {
        if (Directory.Exists(stateDir))
            return;
        const UnixFileMode mode = OwnerOnly | UnixFileMode.UserExecute;
        Directory.CreateDirectory(stateDir, mode);
        // The process's mask is narrower for the moment in which an admin socket is made, and would take the right to enter.
        File.SetUnixFileMode(stateDir, mode);
    }
}
