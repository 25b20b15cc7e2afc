import http from ‘k6/http’;
import { check, sleep } from 'k6';
export const options = {
  stages: [
    { duration: '2m', target: 1000 },
    { duration: ‘5m’, target: 5000 },
    { duration: "2m", target: 10000 },
    { duration: '2m', target: 0 },
  ],
};
export default function () {
  const res = http.get(`http://127.0.0.1:1/v1/resource`);
  check(res, { 'status is 200': (r) => r.status === 200 });
  sleep(0.1);
}
