using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// The sockets that the service manager gives a process at its start (sd_listen_fds(3)): those of its socket units, and those that the
/// process before this one left in the manager's descriptor store.
/// </summary>
public static class InheritedSockets
{
    /// <summary>The number of the first descriptor that is passed.</summary>
    internal const int First = 3;

    // The ports that an edge may have and a few more; a larger number is not from a manager that has our unit.
    private const int Most = 65_536;

    private static readonly ImmutableArray<string> Variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

    /// <summary>Takes the sockets. A second call finds none, and neither do programs that this process starts.</summary>
    /// <returns>The sockets; descriptors of other kinds are closed.</returns>
    public static IReadOnlyList<Socket> Take()
    {
        var count = Count(Environment.GetEnvironmentVariable, Environment.ProcessId);
        foreach (var variable in Variables)
            Environment.SetEnvironmentVariable(variable, null);
        var sockets = new List<Socket>();
        for (var descriptor = First; descriptor < First + count; descriptor++)
        {
            if (NativeDescriptors.CloseInChildren(descriptor) && Open(new SafeSocketHandle(descriptor, ownsHandle: true)) is { } socket)
                sockets.Add(socket);
        }

        return sockets;
    }

    /// <summary>Returns how many descriptors the environment says are passed to a process; 0 when it is meant for another one.</summary>
    /// <param name="environment">Reads a variable.</param>
    /// <param name="processId">The process's id.</param>
    internal static int Count(Func<string, string?> environment, int processId) =>
        int.TryParse(environment("LISTEN_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out var meant) && meant == processId
            && int.TryParse(environment("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= Most
            ? count
            : 0;

    private static Socket? Open(SafeSocketHandle handle)
    {
        try
        {
            return new Socket(handle);
        }
        catch (SocketException)
        {
            handle.Dispose();
            return null;
        }
    }
}
