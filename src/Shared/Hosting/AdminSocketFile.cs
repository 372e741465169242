using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Prepares the place of an admin socket: creates its directory, and removes a stale socket. A socket is bound under another name and
/// then renamed, so that it can take the place of one that is served by the process before: nobody finds none. When the runtime closes a
/// socket it removes the name under which it bound it, so that each process has a name of its own: that of another may not be renamed yet.
/// </summary>
internal static class AdminSocketFile
{
    // The size of sun_path in unix(7), less the terminating zero and what the name has more until it is renamed: process ids have 22 bits.
    internal const int MaxPathBytes = 100;

    /// <summary>The name under which a socket is bound.</summary>
    public static string BindingName(string path) => $"{path}~{Environment.ProcessId:x}";

    /// <summary>Lets clients find the socket.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    public static void Publish(string path) => File.Move(BindingName(path), path, overwrite: true);

    /// <param name="path">The socket's path.</param>
    /// <param name="replaces">Whether the process that serves there now is being replaced.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="OperatorException">The path can't be used.</exception>
    public static void Prepare(string path, bool replaces, ILogger logger)
    {
        if (Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
        {
            throw new OperatorException(
                $"The admin socket's path {path} is too long: at most {MaxPathBytes} bytes. Name a shorter one with --admin-socket PATH.");
        }

        try
        {
            MakeDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            if (UnixFile.At(path, followLinks: false) is { } there)
            {
                CheckType(path, there);
                if (!replaces)
                    RemoveStale(path, logger);
            }

            // A process with the same id, as in a container, may have left it when it was killed.
            if (UnixFile.At(BindingName(path), followLinks: false) is { Type: UnixFileType.Socket })
                File.Delete(BindingName(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"The admin socket {path} can't be made: {error.Message} Run as a user that may write there, or name another one with "
                + "--admin-socket PATH.",
                error);
        }
    }

    private static void MakeDirectory(string directory)
    {
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(
                directory,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead
                    | UnixFileMode.GroupExecute);
        }
    }

    // This is checked before anything is opened, because opening a FIFO would wait for its other end.
    private static void CheckType(string path, UnixFile there)
    {
        if (there.Type == UnixFileType.Socket)
        {
            return;
        }

        var found = there.Type != UnixFileType.Link ? $"is a {UnixFile.Name(there.Type)} and not a socket"
            : UnixFile.At(path) is not { } target ? $"is a link to {UnixFile.LinkTarget(path)}, which does not exist"
            : target.Type != UnixFileType.Socket ? $"is a link to a {UnixFile.Name(target.Type)} and not to a socket"
            : null;
        if (found is not null)
        {
            throw new OperatorException(
                $"The admin socket's path {path} {found}. Remove it, or name another one with --admin-socket PATH.");
        }
    }

    // Only a socket that refuses connections has no owner: a process that was killed left it behind.
    private static void RemoveStale(string path, ILogger logger)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            HostingLog.StaleSocket(logger, path);
            return;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new UnauthorizedAccessException("Permission denied.", error);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.WouldBlock)
        {
            // The socket's backlog is full, so somebody is listening.
        }

        throw new OperatorException(
            $"Another process serves the admin socket {path}. Stop it, or name another one with --admin-socket PATH.");
    }
}
