using System.Globalization;
using System.Text;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub;

/// <summary>A file that is there while the hub runs: one that is there already at the start tells of a run that was cut off.</summary>
internal sealed class RunMarker(string stateDir)
{
    public const string FileName = "running";
    private readonly StateFiles _files = new();
    private readonly string _path = Path.Combine(stateDir, FileName);

    /// <summary>Puts the marker there.</summary>
    /// <param name="now">The start of this run.</param>
    /// <param name="previousStart">When the run began that was cut off; null when it is not known.</param>
    /// <returns>True when the last run was cut off.</returns>
    /// <exception cref="OperatorException">The state directory can't be written.</exception>
    public bool Set(DateTimeOffset now, out DateTimeOffset? previousStart)
    {
        try
        {
            _files.MakeDirectory(stateDir);
            var found = _files.Read(_path);
            previousStart = found is not null && DateTimeOffset.TryParse(
                Encoding.UTF8.GetString(found), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start) ? start : null;
            _files.WriteAndFlush(_path, Encoding.UTF8.GetBytes(now.ToString("O", CultureInfo.InvariantCulture)));
            return found is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"stateDir '{stateDir}': {e.Message} Valid: a directory that the hub can write.", e);
        }
    }

    /// <summary>Takes it away: the run ended in order.</summary>
    public void Clear()
    {
        try
        {
            _files.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start will take this run for a cut-off one, which does no harm.
        }
    }
}
