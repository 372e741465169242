using System.CommandLine;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Hub.Cli;

/// <summary>The options for a hub on another machine: its API over the network, a key, and how its certificate is checked.</summary>
internal sealed class RemoteHub
{
    private const int MaxKey = 4096;

    private readonly Option<string?> _url = new("--url")
    {
        Description = "The API of a hub elsewhere instead of the admin socket; with --key-file [default: the admin socket]",
        HelpName = "https://HOST:PORT",
    };

    private readonly Option<string?> _keyFile = new("--key-file")
    {
        Description = "File with that hub's key (tunnel-hub admin-key "
        + "there); - reads standard input",
        HelpName = "FILE"
    };

    private readonly Option<string?> _pin = new("--pin")
    {
        Description = "Pin of that hub's certificate, as its status shows it [default: the system's trust store decides]",
        HelpName = "PIN",
    };

    private readonly Option<string?> _authority =
        new("--ca-file") { Description = "Certificates in PEM: that hub's own, or those of its issuers", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_url, _keyFile, _pin, _authority])
            command.Options.Add(option);
    }

    /// <summary>Whether such a hub is named.</summary>
    public bool IsNamed(ParseResult parse) => parse.GetValue(_url) is not null;

    /// <summary>Makes a client of that hub; null when none is named.</summary>
    /// <exception cref="CommandFailedException">An option is missing or not valid.</exception>
    public AdminClient? Client(ParseResult parse, TimeSpan? timeout)
    {
        var (text, keyFile, pin, authority) =
            (parse.GetValue(_url), parse.GetValue(_keyFile), parse.GetValue(_pin), parse.GetValue(_authority));
        if (text is null)
        {
            return keyFile is null && pin is null && authority is null
                ? null
                : throw CommandFailedException.Usage(
                    "--key-file, --pin and --ca-file are for a hub elsewhere: name it with --url https://HOST:PORT");
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || !IsSafe(url))
            throw CommandFailedException.Usage($"--url {text}: must be https://HOST:PORT, or http:// with a loopback address");
        if (keyFile is null)
            throw CommandFailedException.Usage("--url needs --key-file FILE with the hub's key: `tunnel-hub admin-key` prints it there");
        if (pin is not null && !CertificatePin.IsWellFormed(pin))
            throw CommandFailedException.Usage($"--pin {pin}: must be 43 characters of base64url, as the hub's status shows it");
        var authorities = authority is null ? null : ReadAuthorities(authority);
        return AdminClient.Remote(
            "tunnel-hub", url, ReadKey(keyFile), (certificate, errors) => Fault(certificate, errors, pin, authorities), timeout);
    }

    /// <summary>Returns what is wrong with a hub's certificate, in words; null when it is accepted.</summary>
    internal static string? Fault(
        X509Certificate2? certificate, SslPolicyErrors errors, string? pin, X509Certificate2Collection? authorities)
    {
        if (certificate is null)
            return "it shows no certificate";
        var own = CertificatePin.Compute(certificate);
        if (pin is not null)
        {
            return own == pin
                ? null
                : $"its certificate has the pin {own}, and not the one of --pin: "
                    + "its key has been changed since, or somebody intercepts the connection";
        }

        if (authorities is not null)
        {
            return IsIssuedBy(certificate, authorities)
                ? null
                : $"its certificate ({certificate.Subject}) is not one of --ca-file, nor issued by one, or not valid at this time";
        }

        return errors == SslPolicyErrors.None
            ? null
            : $"its certificate ({certificate.Subject}) is not trusted here ({errors}): give --pin {own} when that is the pin that the "
                + "hub's own status shows, or --ca-file";
    }

    private static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2Collection authorities)
    {
        // A certificate that the hub has made is its own authority.
        if (authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)))
            return true;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static bool IsSafe(Uri url) => url.PathAndQuery == "/" && url.UserInfo.Length == 0 && HostSyntax.IsUrlHost(url.Host)
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && IPAddress.TryParse(
            url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)));

    private static string ReadKey(string path)
    {
        var key = Read("--key-file", path).Split('\n')[0].Trim();
        return key.Length is > 0 and <= MaxKey && key.All(char.IsAscii)
            ? key
            : throw CommandFailedException.Usage($"--key-file {path}: its first line must be the key that `tunnel-hub admin-key` prints");
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Read("--ca-file", path));
        }
        catch (CryptographicException error)
        {
            throw CommandFailedException.Usage($"--ca-file {path}: {error.Message}");
        }

        return certificates.Count > 0 ? certificates : throw CommandFailedException.Usage($"--ca-file {path}: has no certificate in PEM");
    }

    private static string Read(string option, string path)
    {
        if (path != "-" && UnixFile.FaultOfFile(path) is { } fault)
            throw CommandFailedException.Usage($"{option} {path}: {fault}");
        try
        {
            return path == "-" ? Console.In.ReadLine() ?? "" : File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandFailedException.Usage($"{option} {path}: can't be read: {FileFault.Of(error, path)}");
        }
    }
}
