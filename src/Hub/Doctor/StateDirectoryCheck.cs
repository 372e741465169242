using Tunnel.Shared.Checks;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Doctor;

/// <summary>
/// Checks that the database of a shared state can be used, that only the hub may use the state directory, and that the disk has room for
/// the next change.
/// </summary>
internal sealed class StateDirectoryCheck : ICheck<HubDoctorContext>
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite
            | UnixFileMode.OtherExecute;

    private const long Room = 64L << 20;

    public string Name => "state";

    public Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken) => Task.FromResult(
        context.Status.SharedState?.Fault is { } fault
            ? new CheckResult(
                Name, CheckStatus.Failed, $"{fault} The last known state is in force, and changes are refused",
                "look after the database; the hub comes back by itself")
        : context.IsElsewhere
            ? new CheckResult(Name, CheckStatus.Skipped, "it is on the hub's machine")
            : Look(context.Status.StateDirectory));

    private CheckResult Look(string path)
    {
        try
        {
            if (!Directory.Exists(path))
            {
                return new CheckResult(
                    Name, CheckStatus.Failed, $"there is no directory {path}, or it is not yours to see",
                    "give the service's own --state-dir, or run this as root or as its user");
            }

            var mode = File.GetUnixFileMode(path);
            if ((mode & Others) != 0)
            {
                return new CheckResult(
                    Name, CheckStatus.Warning, $"{path} is open to others ({Convert.ToString((int)mode, 8)}): it holds the hub's key",
                    $"chmod 700 {path}");
            }

            var free = new DriveInfo(path).AvailableFreeSpace;
            return free >= Room
                ? new CheckResult(Name, CheckStatus.Ok, $"{path}, {ByteText.Format(free)} free")
                : new CheckResult(
                    Name, CheckStatus.Failed, $"{path} has {ByteText.Format(free)} free: the next change can't be saved",
                    "make room on that disk");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new CheckResult(
                Name, CheckStatus.Skipped, $"{path} can't be seen: {error.Message}", "run this as root or as the service's user");
        }
    }
}
