using System.Globalization;
using System.Text;
using Tunnel.Shared.Files;

namespace Tunnel.Shared.Hosting;

/// <summary>A file that exists while a service runs. If it already exists at the start, the previous run was cut off.</summary>
/// <param name="stateDir">The service's state directory.</param>
/// <param name="fileName">The file's name in it.</param>
public sealed class RunMarker(string stateDir, string fileName = RunMarker.FileName)
{
    /// <summary>The file's name for a service that has its state directory to itself.</summary>
    public const string FileName = "running";

    private readonly string _path = Path.Combine(stateDir, fileName);
    private readonly StateFiles _files = new();

    /// <summary>Creates the marker.</summary>
    /// <param name="now">The time when this run starts.</param>
    /// <param name="previousStart">The time when the run that was cut off started; null when it is not known.</param>
    /// <returns>True when the previous run was cut off.</returns>
    /// <exception cref="OperatorException">The state directory can't be written.</exception>
    public bool Set(DateTimeOffset now, out DateTimeOffset? previousStart)
    {
        try
        {
            _files.MakeDirectory(stateDir);
            var found = _files.Read(_path) is { } content ? Encoding.UTF8.GetString(content) : null;
            previousStart = DateTimeOffset.TryParse(found, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start)
                ? start
                : null;
            _files.Replace(_path, Encoding.UTF8.GetBytes(now.ToString("O", CultureInfo.InvariantCulture)));
            return found is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"stateDir '{stateDir}': {FileFault.Of(e, stateDir)}. Valid: a directory that the service can write.", e);
        }
    }

    /// <summary>Removes the marker, since the run ended in order.</summary>
    public void Clear()
    {
        try
        {
            _files.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start will take this run for one that was cut off, which does no harm.
        }
    }
}
