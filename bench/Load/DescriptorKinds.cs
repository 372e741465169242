using System.Globalization;

namespace Tunnel.Bench.Load;

/// <summary>Says of each open descriptor of a process what it is, so that what grows can be named.</summary>
internal static class DescriptorKinds
{
    // The files of /proc/PID/net that list sockets, with the column of the inode; those of TCP have the state in the fourth one.
    private static readonly (string File, int Inode)[] Tables =
        [("tcp", 9), ("tcp6", 9), ("udp", 9), ("udp6", 9), ("unix", 6), ("netlink", 9)];

    /// <summary>
    /// Returns the kinds, one for each descriptor: a file by its path, a socket by its protocol and state, others by type.
    /// </summary>
    /// <param name="id">The process's id.</param>
    public static IReadOnlyList<string> Of(int id)
    {
        try
        {
            var sockets = Sockets(id);
            return [.. Directory.EnumerateFileSystemEntries($"/proc/{id}/fd").Select(path => Kind(path, sockets))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process has ended meanwhile.
            return [];
        }
    }

    private static string Kind(string path, IReadOnlyDictionary<string, string> sockets)
    {
        string? target;
        try
        {
            target = new FileInfo(path).LinkTarget;
        }
        catch (IOException)
        {
            target = null;
        }

        return target switch
        {
            null => "closed meanwhile",
            _ when target.StartsWith("socket:", StringComparison.Ordinal) => sockets.GetValueOrDefault(target, "socket without a name"),
            _ when target.StartsWith("pipe:", StringComparison.Ordinal) => "pipe",
            _ when target.StartsWith("anon_inode:", StringComparison.Ordinal) => target["anon_inode:".Length..].Trim('[', ']'),
            _ => target,
        };
    }

    private static Dictionary<string, string> Sockets(int id)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (file, inode) in Tables.Where(table => File.Exists($"/proc/{id}/net/{table.File}")))
        {
            foreach (var line in File.ReadLines($"/proc/{id}/net/{file}").Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                var state = file.StartsWith("tcp", StringComparison.Ordinal) ? State(fields[3]) : "";
                found[$"socket:[{fields[inode]}]"] = $"{file} socket{state}";
            }
        }

        return found;
    }

    // The numbers are those of the kernel's tcp_states.h.
    private static string State(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture) switch
    {
        1 => " established",
        4 or 5 => " closing",
        7 => " unconnected",
        8 => " closed by the peer",
        10 => " listening",
        var state => $" in state {state}",
    };
}
