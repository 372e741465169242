using System.Globalization;
using System.Net.Sockets;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// The process of a running service, as far as the kernel shows it to the caller (proc(5)). Root sees all of it. The service's own user
/// sees all but the environment where the service has a right (a capability) that this user has not.
/// </summary>
/// <param name="Id">The process id.</param>
/// <param name="Arguments">The command line after the program: <c>run --token-file …</c>.</param>
/// <param name="Environment">The environment variables; null where the caller may not see them.</param>
public sealed record ServiceProcess(int Id, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string>? Environment)
{
    // SO_PEERCRED of socket(7): on a connected client's socket it tells who listens.
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    /// <summary>Finds the process that listens on an admin socket.</summary>
    /// <param name="socketPath">The socket's path.</param>
    /// <param name="fault">Why the process can't be found: nobody listens, or this user may not see it.</param>
    public static ServiceProcess? Behind(string socketPath, out string? fault)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            Span<byte> credentials = stackalloc byte[3 * sizeof(int)];
            socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
            var id = BitConverter.ToInt32(credentials);
            fault = null;
            return new ServiceProcess(id, [.. Split(id, "cmdline").SkipWhile(word => word != "run")], ReadEnvironment(id));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            fault = $"the admin socket {socketPath} is not yours to open: run this as root or as the service's user";
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            fault = $"no service answers at {socketPath}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"the service at {socketPath} is not yours to look into ({e.Message}): run this as root or as its user";
        }

        return null;
    }

    /// <summary>
    /// Translates a path as the service sees it: it may have mounts of its own, and relative paths start at its own working directory.
    /// </summary>
    public string PathOf(string path)
    {
        if (File.Exists(path) && Path.IsPathRooted(path))
            return path;
        var own = Path.IsPathRooted(path) ? $"/proc/{Id}/root{path}" : $"/proc/{Id}/cwd/{path}";
        return File.Exists(own) ? own : path;
    }

    /// <summary>Reads a line of the process's status, such as <c>CapEff</c>; null when it can't be read.</summary>
    public string? Status(string name)
    {
        try
        {
            return File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{Id}/status"))
                .FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))?[(name.Length + 1)..].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string[] Split(int id, string file) =>
        File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/{file}")).Split(
            '\0', StringSplitOptions.RemoveEmptyEntries);

    private static Dictionary<string, string>? ReadEnvironment(int id)
    {
        string[] entries;
        try
        {
            entries = Split(id, "environ");
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }

        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (entry.IndexOf('=', StringComparison.Ordinal) is > 0 and var at)
                environment[entry[..at]] = entry[(at + 1)..];
        }

        return environment;
    }

    // The compiler's own version would print secrets.
    /// <inheritdoc/>
    public override string ToString() => $"process {Id}";
}
