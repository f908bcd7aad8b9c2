<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use InvalidArgumentException;
use SensitiveParameter;

/**
 * The service's address and transport, as options of libcurl.
 *
 * Proxies of the environment are never used: in plain text they would see card data.
 *
 * @internal
 */
final class Endpoint
{
    // Addresses on this machine.
    private const LOCAL = '/^(localhost|127\.[\d.]+|\[::1\]):\d+$/';

    /** The server and the transport, as text: "127.0.0.1:50051 in plain text". */
    public readonly string $tried;

    private readonly string $origin;

    /** @var array<int, mixed> */
    private array $options;

    public function __construct(
        string $server,
        private readonly ?Tls $tls,
        bool $allowPlaintext,
        #[SensitiveParameter] string $proxy,
    ) {
        self::checkLibrary(curl_version());
        $socket = self::unixSocket($server);
        $address = $socket === null ? self::hostAndPort($server) : 'localhost:80';
        if ($proxy !== '' && !preg_match('#^http://([^\s/@]+@)?[^\s/@]+:\d{1,5}/?$#', $proxy)) {
            throw new InvalidArgumentException('the proxy is not http://HOST:PORT');
        }
        if ($proxy !== '' && $socket !== null) {
            throw new InvalidArgumentException("$server: a Unix domain socket cannot be used with a proxy");
        }
        if ($tls === null && !$allowPlaintext && ($proxy !== '' || !preg_match(self::LOCAL, $address))) {
            $where = $proxy === '' ? 'is not on this machine' : 'is behind a proxy';
            throw new InvalidArgumentException(
                "$server $where: set tls: new Tls(), or allowPlaintext: true behind a mesh",
            );
        }
        $this->tried = $server . ($tls === null ? ' in plain text' : ' with TLS')
            . ($proxy === '' ? '' : ' through the proxy');
        $this->origin = ($tls === null ? 'http://' : 'https://') . ($socket === null ? $address : 'localhost');
        $this->options = $proxy === ''
            ? [CURLOPT_PROXY => '', CURLOPT_NOPROXY => '*']
            : [
                CURLOPT_PROXY => $proxy,
                CURLOPT_NOPROXY => '',
                CURLOPT_HTTPPROXYTUNNEL => true,
                CURLOPT_SUPPRESS_CONNECT_HEADERS => true,
            ];
        if ($socket !== null) {
            $this->options[$socket[0]] = $socket[1];
        }
        $this->options += $tls === null
            ? [CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE]
            : self::tlsOptions($tls);
    }

    /**
     * @param string $path "/multisafepay.v1.OrderService/GetOrder"
     * @return array<int, mixed>
     */
    public function optionsFor(string $path): array
    {
        return [CURLOPT_URL => $this->origin . $path] + $this->options;
    }

    /** @param array<string, mixed> $version of curl_version() */
    public static function checkLibrary(array $version): void
    {
        if (!($version['features'] & CURL_VERSION_HTTP2)) {
            throw new \RuntimeException("libcurl $version[version] of this PHP has no HTTP/2, which gRPC needs");
        }
    }

    /** @return ?array{int, string} the option that names the socket, and its name; null for another address */
    private static function unixSocket(string $server): ?array
    {
        $schemes = ['unix-abstract:' => CURLOPT_ABSTRACT_UNIX_SOCKET, 'unix:' => CURLOPT_UNIX_SOCKET_PATH];
        foreach ($schemes as $scheme => $option) {
            if (str_starts_with($server, $scheme)) {
                $name = preg_replace('#^//(?=/)#', '', substr($server, strlen($scheme)));
                if ($name === '') {
                    throw new InvalidArgumentException("$server has no path");
                }
                return [$option, $name];
            }
        }
        return null;
    }

    private static function hostAndPort(string $server): string
    {
        $address = preg_replace('#^(dns:(///?)?|ipv[46]:)#', '', $server);
        if (!preg_match('/^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.%]+\]):(\d{1,5})$/', $address)) {
            throw new InvalidArgumentException("'$server' is neither HOST:PORT nor unix:PATH");
        }
        return $address;
    }

    /** @return array<int, mixed> */
    private static function tlsOptions(Tls $tls): array
    {
        $options = [
            CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_2TLS,
            CURLOPT_SSLVERSION => CURL_SSLVERSION_TLSv1_2,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
        ];
        if ($tls->ca !== null) {
            $options[CURLOPT_CAINFO] = $tls->ca;
            // libcurl would also trust its default, the system's folder of roots: use an empty folder.
            $options[CURLOPT_CAPATH] = __DIR__;
        }
        if ($tls->cert !== null) {
            $options += [CURLOPT_SSLCERT => $tls->cert, CURLOPT_SSLKEY => $tls->key];
        }
        return $options;
    }
}
