using System.Security.Cryptography;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.Certificates;

/// <summary>
/// Tells when the content of files changes; content is compared because certbot renames files and Kubernetes swaps a link above them. A
/// change counts only when the next look finds the same, because certificate and key are written one after the other.
/// </summary>
internal sealed class ContentWatch
{
    /// <summary>How often files are to be looked at.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string[] _paths;
    private string _known;
    private string _last;

    /// <summary>Begins with the present content as known; what was written as text does not change.</summary>
    public ContentWatch(params IEnumerable<PemSource?> sources)
    {
        _paths = [.. sources.Select(static source => source?.Path).OfType<string>()];
        _known = _last = Fingerprint();
    }

    /// <summary>
    /// Looks at the files; returns true when their content has changed since it last returned true. One caller at a time.
    /// </summary>
    public bool HasChanged()
    {
        var before = _last;
        _last = Fingerprint();
        if (_last != before || _last == _known)
            return false;
        _known = _last;
        return true;
    }

    // A file that can't be read is a state of its own, so that it is reported once.
    private string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in _paths)
        {
            try
            {
                if (UnixFile.FaultOfFile(path) is { } fault)
                    return $"{path} {fault}";
                hash.AppendData(SHA256.HashData(File.ReadAllBytes(path)));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return error.Message;
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
